package main

import (
	"examlink/probe/view"
	"fmt"
	"strings"
	"time"

	"examlink/probe"
	"examlink/probe/verdict"
	"examlink/probe/warning"
	"examlink/probe/wire"
)

// watchOutcome is the verdict on a whole watch, from a closed list.
type watchOutcome string

const (
	outcomeMet         watchOutcome = "met"          // everything, all the time
	outcomeMetMinimum  watchOutcome = "met-minimum"  // all the time, but not all that is recommended
	outcomeMissed      watchOutcome = "missed"       // the minimum, for some time
	outcomeUnknown     watchOutcome = "unknown"      // no test of a direction had a result
	outcomeNotMeasured watchOutcome = "not-measured" // the server was never reached, or nothing was due
)

// spell is what happened of one kind during a watch.
type spell struct {
	kind           warning.Kind
	times          int
	total, longest time.Duration
	worst          probe.Episode // the longest one
}

// watchVerdict is what a watch says of a link as a whole.
type watchVerdict struct {
	outcome  watchOutcome
	sentence string
	spells   []spell // in the order of warning.Kinds
}

// judgeWatch judges a whole watch. link is its state at the end.
func judgeWatch(s probe.Summary, link *view.Link) watchVerdict {
	v := watchVerdict{spells: spellsOf(s.Episodes)}
	switch {
	case s.Started.IsZero():
		v.outcome, v.sentence = outcomeNotMeasured, "The watch was stopped before it was due; nothing was measured."
		return v
	case s.Connects == 0:
		v.outcome, v.sentence = outcomeNotMeasured, "The exam's server could not be reached; nothing was measured."
		return v
	}
	below := false
	for _, x := range v.spells {
		limit := link.Policy.Minimum.Outage
		below = below || view.Missing[x.kind] || x.kind == warning.Outage && limit > 0 && x.longest > limit
	}
	untested := untestedOf(link)
	switch {
	case below:
		v.outcome, v.sentence = outcomeMissed, "Your link did not meet the exam's needs all the time."
	case len(untested) > 0:
		v.outcome = outcomeUnknown
		v.sentence = fmt.Sprintf("We could not tell whether your link met the exam's needs: no test of the %s had a result.", strings.Join(untested, " or the "))
	case len(v.spells) > 0:
		v.outcome, v.sentence = outcomeMetMinimum, "Your link met the exam's minimum, but not all the time what is recommended."
		if v.onlyOwn() {
			v.sentence = "Your link met the exam's needs whenever it was watched, but your computer got in the way."
		}
	default:
		v.outcome, v.sentence = outcomeMet, "Your link met the exam's needs all the time."
	}
	return v
}

// untestedOf lists the directions without a result of a test.
func untestedOf(s *view.Link) (out []string) {
	for _, d := range []struct {
		direction wire.Direction
		name      string
	}{{wire.Down, "download"}, {wire.Up, "upload"}} {
		if !s.Tested[d.direction] {
			out = append(out, d.name)
		}
	}
	return out
}

// onlyOwn reports whether everything that happened was this computer's own.
func (v *watchVerdict) onlyOwn() bool {
	for _, x := range v.spells {
		if x.kind != warning.HostBusy && x.kind != warning.Suspended && x.kind != warning.Clock {
			return false
		}
	}
	return true
}

// spellsOf adds up the episodes of each kind.
func spellsOf(all probe.Episodes) (out []spell) {
	for _, k := range warning.Kinds() {
		x := spell{kind: k}
		for _, e := range all {
			if e.Kind != k {
				continue
			}
			d := shownLength(e)
			if x.times == 0 || d > x.longest {
				x.longest, x.worst = d, e
			}
			x.times++
			x.total += d
		}
		if x.times > 0 {
			out = append(out, x)
		}
	}
	return out
}

// String returns a spell in one sentence.
func (x spell) String() string {
	name := view.SentenceCase(x.kind.Title())
	if x.kind == warning.Clock {
		return fmt.Sprintf("%s at %s.", name, clockTime(x.worst.From))
	}
	one := between(x.worst.From, x.worst.To)
	if x.worst.Lasts {
		one += ", to the end of the watch"
	}
	if x.kind == warning.Outage && x.worst.Cause != warning.NotKnown {
		one += "; cause: " + string(x.worst.Cause)
	}
	if x.times == 1 {
		return fmt.Sprintf("%s %s.", name, one)
	}
	return fmt.Sprintf("%s %d times, %s in all; longest %s.", name, x.times, view.Lasted(x.total), one)
}

// outcomeColours are SGR parameters.
var outcomeColours = map[watchOutcome]string{
	outcomeMet: "1;32", outcomeMetMinimum: "1;33", outcomeMissed: "1;31", outcomeUnknown: "1;33", outcomeNotMeasured: "1;33",
}

// lossWords says how many packets were lost, those of interruptions apart.
func lossWords(m probe.Figures) string {
	lost, inGaps := m.LostUp+m.LostDown+m.LostUnknown, m.LostInGaps
	if lost == 0 {
		return fmt.Sprintf("None of %d packets was lost.", m.Sent)
	}
	other := lost - min(inGaps, lost)
	share := verdict.Format(float64(other)/float64(max(m.Sent-inGaps, 1)), "ratio")
	if inGaps == 0 {
		return fmt.Sprintf("Of %d packets, %d were lost (%s).", m.Sent, lost, share)
	}
	return fmt.Sprintf("Of %d packets, %d were lost in interruptions and %d at other times (%s).", m.Sent, inGaps, other, share)
}
