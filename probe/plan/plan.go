// Package plan says what is due when around an exam, as plain data, before any
// packet moves: a few checks a day while there is time, more attention shortly
// before the exam, continuous watching during it, and nothing after.
//
// It refuses to know networks, and never asks what time it is.
package plan

import (
	"hash/fnv"
	"slices"
	"time"
)

// Phase is what a stretch of time is for.
type Phase string

// The phases, in the order they come.
const (
	Idle    Phase = "idle"     // a few checks a day
	PreExam Phase = "pre-exam" // shortly before the exam
	Exam    Phase = "exam"     // the link is watched without pause
	Done    Phase = "done"     // nothing is measured any more
)

// Chosen by us.
const (
	// DefaultPreExam is how long before its start an exam is prepared for.
	DefaultPreExam = 30 * time.Minute
	// DefaultChecksPerDay is enough for the exam's hour, an evening and one
	// hour more.
	DefaultChecksPerDay = 3
	// MaxChecksPerDay keeps them an hour apart and more.
	MaxChecksPerDay = 12
	// DefaultAhead is how long before its start a check is asked for: 72 times
	// 3600 seconds, which are not three calendar days where clocks change.
	DefaultAhead = 72 * time.Hour
)

// Options shapes a plan. Zero values take the defaults.
type Options struct {
	// Seed spreads the students' checks; see Seed. The same seed gives the
	// same checks, whenever the plan is made.
	Seed uint64
	// PreExam is how long the phase before the exam lasts.
	PreExam time.Duration
	// ChecksPerDay is 2 to MaxChecksPerDay: one at the exam's hour and one in
	// the evening are always among them.
	ChecksPerDay int
	// Ahead is how long before the exam a check is asked for.
	Ahead time.Duration
	// Local is the student's own zone, whose hours decide when it is evening;
	// nil takes the exam's.
	Local *time.Location
}

// Entry is one phase: from From until before To. To is zero when it does not
// end.
type Entry struct {
	Phase    Phase
	From, To time.Time
	Checks   []time.Time // in order; only while idle
}

// Plan is what is due from Made on. Its entries follow one another without gaps;
// the last one does not end. The zero Plan watches without pause.
type Plan struct {
	Made   time.Time
	Window Window
	// Deadline is by when a check is asked for; zero without a window. It may
	// have passed.
	Deadline time.Time
	Entries  []Entry
	local    *time.Location
}

// Seed makes a seed of a student's identifier, such as the token's.
func Seed(id string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id)) // never fails
	return h.Sum64()
}

// Make makes the plan for a window as of now. Without a window it is one phase
// Exam that does not end.
func Make(now time.Time, w Window, o Options) Plan {
	now = now.Round(0) // a plan is about the wall clock
	if w.IsZero() {
		return Plan{Made: now, Entries: []Entry{{Phase: Exam, From: now}}, local: o.Local}
	}
	o.setDefaults(w)
	p := Plan{Made: now.In(w.Zone), Window: w, Deadline: w.Start.Add(-o.Ahead), local: o.Local}
	from := p.Made
	for _, e := range []Entry{{Phase: Idle, To: w.Start.Add(-o.PreExam)}, {Phase: PreExam, To: w.Start}, {Phase: Exam, To: w.End}} {
		if !e.To.After(from) {
			continue
		}
		e.From = from
		if e.Phase == Idle {
			e.Checks = checks(e.From, e.To, p.Deadline, w, o)
		}
		p.Entries = append(p.Entries, e)
		from = e.To
	}
	p.Entries = append(p.Entries, Entry{Phase: Done, From: from})
	return p
}

func (o *Options) setDefaults(w Window) {
	if o.PreExam <= 0 {
		o.PreExam = DefaultPreExam
	}
	if o.ChecksPerDay == 0 {
		o.ChecksPerDay = DefaultChecksPerDay
	}
	o.ChecksPerDay = min(max(o.ChecksPerDay, 2), MaxChecksPerDay)
	if o.Ahead <= 0 {
		o.Ahead = DefaultAhead
	}
	if o.Local == nil {
		o.Local = w.Zone
	}
}

// At returns the entry in force at t and when the next one begins, which is zero
// when none does. Before the plan was made it is the first one.
func (p Plan) At(t time.Time) (Entry, time.Time) {
	for _, e := range p.Entries {
		if e.To.IsZero() || t.Before(e.To) {
			return e, e.To
		}
	}
	return Entry{Phase: Exam, From: p.Made}, time.Time{} // the zero Plan
}

// NextCheck returns the first check that is due at t or later.
func (p Plan) NextCheck(t time.Time) (at time.Time, ok bool) {
	for _, e := range p.Entries {
		if i, _ := slices.BinarySearchFunc(e.Checks, t, time.Time.Compare); i < len(e.Checks) {
			return e.Checks[i], true
		}
	}
	return time.Time{}, false
}
