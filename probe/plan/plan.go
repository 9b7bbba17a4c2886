// Package plan schedules measurements around an exam, as plain data, before any
// packet is sent: a few checks a day in advance, more attention shortly before
// the exam, continuous watching during it, and nothing after.
//
// It knows nothing of networks and never reads a clock.
package plan

import (
	"hash/fnv"
	"slices"
	"time"
)

// Phase is the purpose of a period of time.
type Phase string

// The phases, in order.
const (
	Idle    Phase = "idle"     // a few checks a day
	PreExam Phase = "pre-exam" // shortly before the exam
	Exam    Phase = "exam"     // the link is watched continuously
	Done    Phase = "done"     // no more measurements
)

// Chosen by us.
const (
	// DefaultPreExam is the default length of the phase before an exam.
	DefaultPreExam = 30 * time.Minute
	// DefaultChecksPerDay covers the exam's hour, an evening and one other hour.
	DefaultChecksPerDay = 3
	// MaxChecksPerDay keeps checks at least an hour apart.
	MaxChecksPerDay = 12
	// DefaultAhead is the default time before the exam by which a check is
	// requested: 72 times 3600 seconds, which is not three calendar days when
	// clocks change.
	DefaultAhead = 72 * time.Hour
)

// Options configures a plan. Zero values take the defaults.
type Options struct {
	// Seed spreads the students' checks; see Seed. The same seed gives the same
	// checks, whenever the plan is made.
	Seed uint64
	// PreExam is the length of the phase before the exam.
	PreExam time.Duration
	// ChecksPerDay is 2 to MaxChecksPerDay. One check at the exam's hour and one
	// in the evening are always included.
	ChecksPerDay int
	// Ahead is the time before the exam by which a check is requested.
	Ahead time.Duration
	// Local is the student's own zone, which determines when it is evening; nil
	// means the exam's.
	Local *time.Location
}

// Entry is one phase: from From until before To. To is zero if it does not end.
type Entry struct {
	Phase    Phase
	From, To time.Time
	Checks   []time.Time // in order; only while idle
}

// Plan is the schedule from Made on. Its entries are contiguous; the last one
// does not end. The zero Plan watches continuously.
type Plan struct {
	Made   time.Time
	Window Window
	// Deadline is the time by which a check is requested; zero without a window.
	// It may have passed.
	Deadline time.Time
	Entries  []Entry
	local    *time.Location
}

// Seed derives a seed from a student's identifier, such as the token's.
func Seed(id string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id)) // never fails
	return h.Sum64()
}

// Make makes the plan for a window as of now. Without a window it is one
// endless phase Exam.
func Make(now time.Time, w Window, o Options) Plan {
	now = now.Round(0) // plans use the wall clock
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

// At returns the entry in force at t and the start of the next one; zero if
// there is none. Before the plan was made it returns the first entry.
func (p Plan) At(t time.Time) (Entry, time.Time) {
	for _, e := range p.Entries {
		if e.To.IsZero() || t.Before(e.To) {
			return e, e.To
		}
	}
	return Entry{Phase: Exam, From: p.Made}, time.Time{} // the zero Plan
}

// NextCheck returns the first check at t or later.
func (p Plan) NextCheck(t time.Time) (at time.Time, ok bool) {
	for _, e := range p.Entries {
		if i, _ := slices.BinarySearchFunc(e.Checks, t, time.Time.Compare); i < len(e.Checks) {
			return e.Checks[i], true
		}
	}
	return time.Time{}, false
}
