package report

import (
	"fmt"
	"strings"

	"examlink/probe/record"
)

// unknown lists what the records do not show. ended: the client closed the last one
// properly.
func (a *Account) unknown(records []*record.Record, ended bool) []string {
	out := []string{}
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if a.Away >= 1 {
		say("The state of the network during %s of the %s from start to end: the table of gaps gives the causes.", seconds(a.Away), seconds(a.To.Sub(a.From.Time).Seconds()))
	}
	for _, d := range []struct {
		name string
		d    Direction
	}{{"download", a.Down}, {"upload", a.Up}} {
		if d.d.Inconclusive > 0 {
			say("The outcome of %d of %d tests of the %s: they were inconclusive.", d.d.Inconclusive, d.d.Tests, d.name)
		}
	}
	if n := a.Figures.outside.unknown; n > 0 {
		say("The direction in which %s packets were lost.", count(int(n)))
	}
	if b := a.Figures.OneWayBound; b != nil {
		say("One-way delays to better than %s: they compare the clocks of two computers.", delay(*b))
	}
	for _, w := range a.Warnings {
		if w.LostSight || w.State == record.Stood {
			say("When the cause of warning %d (%s) ended.", w.N, w.Title())
		}
	}
	for _, r := range records {
		for _, s := range unreadable(r, ofRecord(r, records)) {
			say("%s", s)
		}
	}
	if !ended {
		say("What happened after %s: the record has no end line, so the client was still running or was killed.", a.clock(a.To.Time))
	}
	for _, r := range records {
		if last, _ := countersignature(r); last != nil {
			say("Whether the countersignatures%s are genuine, which \"examlink verify\" checks with the server's public key, and whether lines are missing at the end, which the exam's operators can see.", ofRecord(r, records))
			continue
		}
		say("Whether lines were removed from the end or the whole record was rewritten: compare the head of its chain, %d %s, with a copy kept elsewhere.", r.Chain.Head.Seq, r.Chain.Head.Hash)
	}
	return out
}

// ofRecord names a record if there are several.
func ofRecord(r *record.Record, records []*record.Record) string {
	if len(records) > 1 {
		return " of " + r.Name
	}
	return ""
}

// unreadable lists what one record says of itself, and what cannot be read of it.
func unreadable(r *record.Record, in string) (out []string) {
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, l := range r.Lines {
		switch {
		case l.Note != nil:
			say("Line %d%s notes: %s.", l.Seq, in, strings.TrimSuffix(l.Note.Words, "."))
		case l.End != nil && l.End.LeftOut > 0:
			say("%s lines%s that did not fit in the record.", count(int(l.End.LeftOut)), in)
		}
	}
	for _, b := range r.Bad {
		say("The contents of line %d%s: %s.", b.Line, in, b.Problem)
	}
	if r.Chain.Torn > 0 {
		say("The contents of the last line%s: only %d bytes of it were written.", in, r.Chain.Torn)
	}
	return out
}
