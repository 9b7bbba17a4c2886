package report

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"examlink/probe/record"
	"examlink/probe/wire"
)

// File is one of the records of an account.
type File struct {
	Name  string       `json:"name"`
	From  record.Time  `json:"from"`
	To    record.Time  `json:"to"`
	Chain record.Chain `json:"chain"`
}

// Make summarizes the records of one exam, in any order. It fails if there is none, or if
// they are of several exams or students, or one is there twice.
func Make(records ...*record.Record) (Account, error) {
	if len(records) == 0 {
		return Account{}, errors.New("no record, expected one or more")
	}
	records = slices.Clone(records)
	for _, r := range records {
		if startOf(r) == nil {
			return Account{}, fmt.Errorf("%s: no line that says what is watched, expected one", r.Name)
		}
	}
	slices.SortStableFunc(records, func(a, b *record.Record) int { return startOf(a).Started.Compare(startOf(b).Started.Time) })
	b := builder{a: &Account{Schema: Schema, Sessions: []string{}, Gaps: []Gap{}, Warnings: []Warning{}}, closed: true}
	for i, r := range records {
		if err := b.fits(records[:i], r); err != nil {
			return Account{}, err
		}
		b.record(r)
	}
	b.finish(records)
	return *b.a, nil
}

// startOf returns the first start line of a record; nil if it cannot be read.
func startOf(r *record.Record) *record.Start {
	for _, l := range r.Lines {
		if l.Start != nil {
			return l.Start
		}
	}
	return nil
}

// builder goes through the lines of records.
type builder struct {
	a      *Account
	first  *record.Start
	latest *record.Start
	fresh  bool           // it has not been connected since the latest start
	policy *record.Policy // of the latest connection; nil: none yet
	track  warningTrack
	closed bool // the client has stopped on purpose
}

// fits reports whether a record belongs to those before it.
func (b *builder) fits(before []*record.Record, r *record.Record) error {
	s := startOf(r)
	for _, other := range before {
		o := startOf(other)
		switch {
		case o.Exam != s.Exam:
			return fmt.Errorf("%s is of exam %q and %s of exam %q, expected one exam", other.Name, o.Exam, r.Name, s.Exam)
		case o.Student != "" && s.Student != "" && o.Student != s.Student:
			return fmt.Errorf("%s is of student %q and %s of student %q, expected one student", other.Name, o.Student, r.Name, s.Student)
		case other.Chain.Head == r.Chain.Head:
			return fmt.Errorf("%s and %s are the same record", other.Name, r.Name)
		}
	}
	return nil
}

// record adds one record.
func (b *builder) record(r *record.Record) {
	a := b.a
	began, before := startOf(r).Started, a.To
	if b.first != nil && began.After(before.Time) { // nothing was watched between two records
		a.Gaps = append(a.Gaps, Gap{Gap: record.Gap{From: before, To: began, Cause: record.ClientStopped}})
	}
	for _, l := range r.Lines {
		b.line(l)
	}
	if p := r.Pending; p != nil {
		a.To, b.track.seen = later(a.To, p.T), p.T.Time
		if p.Minute != nil {
			a.minutes = append(a.minutes, *p.Minute)
		}
		if p.Gap != nil {
			a.Gaps = append(a.Gaps, Gap{Gap: *p.Gap})
		}
	}
	to := began
	for _, l := range r.Lines {
		to = later(to, l.T)
	}
	if p := r.Pending; p != nil {
		to = later(to, p.T)
	}
	a.Files = append(a.Files, File{Name: r.Name, From: began, To: to, Chain: r.Chain})
}

// line adds one line.
func (b *builder) line(l record.Line) {
	a := b.a
	a.To = later(a.To, l.T)
	switch l.Type {
	case record.TypeStart:
		if b.first == nil {
			b.first, a.From, a.zone = l.Start, l.Start.Started, zoneOf(l.T.Time)
		} else {
			b.track.lose()
		}
		b.latest, b.fresh, b.closed = l.Start, true, false
	case record.TypeEnd:
		b.closed = true
	case record.TypeMinute:
		a.minutes = append(a.minutes, *l.Minute)
	case record.TypeFloor:
		a.floors = append(a.floors, floorAt{l.T.Time, *l.Floor})
	case record.TypeWarning:
		b.track.add(l.T.Time, *l.Warning)
	case record.TypeGap:
		a.Gaps = append(a.Gaps, Gap{Gap: *l.Gap})
	case record.TypeSession:
		if s := l.Session.Session; s != "" && !slices.Contains(a.Sessions, s) {
			a.Sessions = append(a.Sessions, s)
		}
		b.judgedBy(l.Session)
	case record.TypeNote: // see unknown
	}
	if l.Type != record.TypeStart && !b.closed {
		b.track.seen = later(record.Time{Time: b.track.seen}, l.T).Time
	}
}

// judgedBy takes the policy of a session line, or of the start before the first
// connection.
func (b *builder) judgedBy(s *record.Session) {
	switch {
	case s.Policy != nil:
		b.policy, b.fresh = s.Policy, false
	case b.fresh && s.State == "connected":
		b.policy, b.fresh = &b.latest.Policy, false
	}
}

// finish adds up what the records hold.
func (b *builder) finish(records []*record.Record) {
	a := b.a
	s := b.latest
	a.Exam, a.Server, a.Client, a.System = s.Exam, s.Server, s.Client, s.System
	a.Student = cmp.Or(s.Student, b.first.Student)
	a.Policy = policyOf(*cmp.Or(b.policy, &s.Policy))
	a.Zone = zoneName(a.From.In(a.zone), b.first.Zone)
	a.From, a.To = record.Time{Time: a.From.In(a.zone)}, record.Time{Time: a.To.In(a.zone)}
	slices.SortStableFunc(a.minutes, func(x, y record.Minute) int { return x.From.Compare(y.From.Time) })
	a.gaps()
	a.Warnings = append(a.Warnings, b.track.warnings...)
	slices.SortStableFunc(a.Warnings, func(x, y Warning) int { return x.Start.Compare(y.Start) })
	for i := range a.Warnings {
		a.Warnings[i].N = i + 1
	}
	watched := a.watched()
	a.Watched = watched.length().Seconds()
	a.Away = union([]span{{a.From.Time, a.To.Time}}).without(watched).length().Seconds()
	a.Window = windowOf(s, watched)
	a.Down = a.direction(wire.Down, b.track.below(wire.Down, a.To.Time).and(watched))
	a.Up = a.direction(wire.Up, b.track.below(wire.Up, a.To.Time).and(watched))
	a.Figures = figures(a.minutes)
	a.chains(records)
	a.Unknown = a.unknown(records, b.closed)
	a.Headline = a.headline()
}

// chains joins the chains of the records.
func (a *Account) chains(records []*record.Record) {
	for _, r := range records {
		c := r.Chain
		a.Chain.Lines += c.Lines
		a.Chain.Bytes += c.Bytes
		a.Chain.Torn += c.Torn
		a.Chain.Breaks += c.Breaks
		a.Chain.Head, a.Chain.Ended = c.Head, c.Ended
		if a.Chain.Break == nil {
			a.Chain.Break = c.Break
		}
		if c.Lines == 0 { // not whole, see Chain.Whole
			a.Chain.Breaks = max(a.Chain.Breaks, 1)
		}
	}
	a.Integrity = integrity(a.Chain, len(records))
	a.Countersigned = a.countersigned(records)
}

func later(a, b record.Time) record.Time {
	if b.After(a.Time) {
		return b
	}
	return a
}
