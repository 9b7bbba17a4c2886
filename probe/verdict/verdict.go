package verdict

import (
	"fmt"
	"slices"
	"time"

	"examlink/probe/ippm"
)

// Tolerance is how far a rate may lie below its bound and still meet it. Links
// sold at exactly the bound are shaped with link headers counted, which take
// 1.1 % of a full packet; that must not fail a check.
const Tolerance = 0.01

// Criterion is one judged property of a link.
type Criterion string

// The criteria, in report order.
const (
	Download           Criterion = "download"
	Upload             Criterion = "upload"
	OneWayDelayDown    Criterion = "one-way-delay-down"
	OneWayDelayUp      Criterion = "one-way-delay-up"
	RoundTripDelay     Criterion = "round-trip-delay"
	DelayVariationDown Criterion = "delay-variation-down"
	DelayVariationUp   Criterion = "delay-variation-up"
	LoadedDelayDown    Criterion = "loaded-delay-down"
	LoadedDelayUp      Criterion = "loaded-delay-up"
	LossDown           Criterion = "loss-down"
	LossUp             Criterion = "loss-up"
	Outage             Criterion = "outage"
	// UDP is reported only when it is blocked: live video needs UDP, whatever is
	// measured over TCP.
	UDP Criterion = "udp"
)

// Fact is the measurement of one criterion. Rates are bit/s, times seconds,
// loss a share. A nil number is unknown; a nil High is unbounded.
type Fact struct {
	Value *float64
	Low   *float64 // 95 % interval, or for rates a lower bound with Value nil
	High  *float64
	// Minimum is set when a sequential test has decided the minimum; it takes
	// precedence over the interval.
	Minimum ippm.Decision
	// Samples is the number of packets, or for a rate of trains, behind the value.
	Samples int
	// Why is the reason the value is unknown, in plain words.
	Why string
	// Unseen means that the way of measuring hides the value; that does not count
	// against the link.
	Unseen bool
}

// Known returns a fact with a value and its interval.
func Known(value, low, high float64, samples int) Fact {
	return Fact{Value: &value, Low: &low, High: &high, Samples: samples}
}

// Unknown returns a fact that could not be measured.
func Unknown(why string) Fact { return Fact{Why: why} }

// Unseen returns a fact that the way of measuring hides.
func Unseen(why string) Fact { return Fact{Why: why, Unseen: true} }

// Status compares a criterion with one bound.
type Status string

// The statuses.
const (
	Met     Status = "met"
	Missed  Status = "missed"
	Unclear Status = "unclear"  // unknown, or too close to the bound to decide
	NoBound Status = "no-bound" // the policy sets no bound
	Hidden  Status = "hidden"   // the transport hides it
)

// Outcome is a verdict in one word.
type Outcome string

// The outcomes.
const (
	Ready        Outcome = "ready"        // all recommended bounds met
	Marginal     Outcome = "marginal"     // all minima met
	NotReady     Outcome = "not ready"    // a minimum missed
	Inconclusive Outcome = "inconclusive" // could not be decided
)

// Reason is the result for one criterion, with its remedy.
type Reason struct {
	Criterion   Criterion `json:"criterion"`
	Value       *float64  `json:"value"`
	Low         *float64  `json:"low"`
	High        *float64  `json:"high"`
	Unit        string    `json:"unit"` // bit/s, s, ratio
	Samples     int       `json:"samples"`
	Minimum     float64   `json:"minimum"`
	Recommended float64   `json:"recommended"`
	AgainstMin  Status    `json:"against_minimum"`
	AgainstRec  Status    `json:"against_recommended"`
	Why         string    `json:"why,omitempty"`
	Remedy      string    `json:"remedy,omitempty"`
}

// Verdict is the judgement of one link under one policy.
type Verdict struct {
	Outcome  Outcome  `json:"outcome"`
	Policy   string   `json:"policy"`
	Version  string   `json:"policy_version"`
	Sentence string   `json:"sentence"`
	Reasons  []Reason `json:"reasons"`
}

// Facts maps criteria to facts; a missing one is unknown.
type Facts map[Criterion]Fact

type rule struct {
	criterion Criterion
	name      string
	unit      string
	atLeast   bool // more is better
	bound     func(Bounds) float64
}

func rules() []rule {
	seconds := func(get func(Bounds) time.Duration) func(Bounds) float64 {
		return func(b Bounds) float64 { return get(b).Seconds() }
	}
	delay := seconds(func(b Bounds) time.Duration { return b.OneWayDelay })
	variation := seconds(func(b Bounds) time.Duration { return b.DelayVariation })
	loaded := seconds(func(b Bounds) time.Duration { return b.LoadedDelay })
	loss := func(b Bounds) float64 { return b.Loss }
	return []rule{
		{Download, "download", "bit/s", true, func(b Bounds) float64 { return float64(b.Download) }},
		{Upload, "upload", "bit/s", true, func(b Bounds) float64 { return float64(b.Upload) }},
		{OneWayDelayDown, "delay down", "s", false, delay},
		{OneWayDelayUp, "delay up", "s", false, delay},
		{RoundTripDelay, "round trip", "s", false, seconds(func(b Bounds) time.Duration { return b.RoundTripDelay })},
		{DelayVariationDown, "delay variation down", "s", false, variation},
		{DelayVariationUp, "delay variation up", "s", false, variation},
		{LoadedDelayDown, "added delay under load, down", "s", false, loaded},
		{LoadedDelayUp, "added delay under load, up", "s", false, loaded},
		{LossDown, "loss down", "ratio", false, loss},
		{LossUp, "loss up", "ratio", false, loss},
		{Outage, "longest gap", "s", false, seconds(func(b Bounds) time.Duration { return b.Outage })},
	}
}

// Judge applies a policy to the measured facts.
func Judge(p Policy, facts Facts) Verdict {
	v := Verdict{Outcome: Ready, Policy: p.Name, Version: p.Version}
	first := map[string]int{} // index of the first reason of each kind
	note := func(sort string, i int) {
		if _, ok := first[sort]; !ok {
			first[sort] = i
		}
	}
	if f, blocked := facts[UDP]; blocked {
		r := Reason{Criterion: UDP, AgainstMin: NoBound, AgainstRec: Missed, Why: f.Why}
		r.Remedy = remedy(r)
		v.Reasons = append(v.Reasons, r)
		note("below", 0)
	}
	for _, r := range rules() {
		f := facts[r.criterion]
		reason := Reason{
			Criterion: r.criterion, Value: f.Value, Low: f.Low, High: f.High, Unit: r.unit, Samples: f.Samples,
			Minimum: r.bound(p.Minimum), Recommended: r.bound(p.Recommended), Why: f.Why,
		}
		if f.Value == nil && f.Low == nil && f.Why == "" {
			reason.Why = "not measured"
		}
		reason.AgainstMin = status(r, f, reason.Minimum, false)
		if f.Minimum != ippm.Undecided && reason.Minimum > 0 {
			reason.AgainstMin = Missed
			if f.Minimum == ippm.Accept {
				reason.AgainstMin = Met
			}
		}
		reason.AgainstRec = status(r, f, reason.Recommended, r.unit == "ratio")
		if reason.AgainstMin == Missed && reason.AgainstRec != NoBound {
			reason.AgainstRec = Missed
		}
		if f.Unseen && reason.AgainstMin != NoBound {
			reason.AgainstMin = Hidden
		}
		if f.Unseen && reason.AgainstRec != NoBound {
			reason.AgainstRec = Hidden
		}
		if f.Unseen {
			v.Reasons = append(v.Reasons, reason)
			continue
		}
		if reason.AgainstMin != Met && reason.AgainstMin != NoBound || reason.AgainstRec != Met && reason.AgainstRec != NoBound {
			reason.Remedy = remedy(reason)
		}
		v.Reasons = append(v.Reasons, reason)
		i := len(v.Reasons) - 1
		switch {
		case reason.AgainstMin == Missed:
			note("missed", i)
		case split(r.criterion, reason) && facts[RoundTripDelay].Value != nil:
			// Only the sum of the two ways is known exactly, and it is judged.
		case reason.AgainstMin == Unclear:
			note("unclear", i)
		case reason.AgainstRec != Met && reason.AgainstRec != NoBound:
			note("below", i)
		}
	}
	name := func(c Criterion) string {
		for _, r := range rules() {
			if r.criterion == c {
				return r.name
			}
		}
		return string(c)
	}
	if i, ok := first["missed"]; ok {
		r := v.Reasons[i]
		v.Outcome = NotReady
		bound := "minimum"
		if r.Unit != "bit/s" { // what should be small has a limit
			bound = "limit"
		}
		v.Sentence = fmt.Sprintf("Not ready: %s is %s, the %s is %s.", name(r.Criterion), FormatValue(r), bound, Format(r.Minimum, r.Unit))
	} else if i, ok := first["unclear"]; ok {
		r := v.Reasons[i]
		v.Outcome = Inconclusive
		v.Sentence = fmt.Sprintf("Could not tell: %s: %s. Test again.", name(r.Criterion), unclearWhy(r))
	} else if i, ok := first["below"]; ok {
		r := v.Reasons[i]
		v.Outcome = Marginal
		if r.Criterion == UDP {
			v.Sentence = "Ready, but only just: " + r.Why + ", which live video needs."
			return v
		}
		v.Sentence = fmt.Sprintf("Ready, but only just: %s is %s; %s is recommended.", name(r.Criterion), FormatValue(r), Format(r.Recommended, r.Unit))
	} else {
		v.Sentence = "Ready: this link meets everything recommended for the exam."
	}
	return v
}

// Withdrawn returns a verdict with the same reasons, without remedies, that decides
// nothing: what was measured says too little about the link. Why is in plain words.
func (v Verdict) Withdrawn(why string) Verdict {
	v.Reasons = slices.Clone(v.Reasons)
	for i := range v.Reasons {
		v.Reasons[i].Remedy = ""
	}
	v.Outcome, v.Sentence = Inconclusive, fmt.Sprintf("Could not tell: %s. Test again.", why)
	return v
}

// split reports whether a one-way delay is unclear because its error spans a bound.
func split(c Criterion, r Reason) bool {
	return (c == OneWayDelayDown || c == OneWayDelayUp) && r.Value != nil &&
		r.AgainstMin != Missed && r.AgainstRec != Missed
}

// status compares a fact with one bound. An interval across the bound is unclear.
// strict marks a recommended share of losses, which no affordable number of packets
// can show: there a value within the bound meets it.
func status(r rule, f Fact, bound float64, strict bool) Status {
	if bound <= 0 {
		return NoBound
	}
	if r.atLeast {
		bound *= 1 - Tolerance
		switch {
		case f.Low != nil && *f.Low >= bound:
			return Met
		case f.High != nil && *f.High < bound:
			return Missed
		case f.Value != nil && (f.Low == nil || f.High == nil):
			if *f.Value >= bound {
				return Met
			}
			return Missed
		}
		return Unclear
	}
	switch {
	case f.Value == nil:
		return Unclear
	case *f.Value > bound && (f.Low == nil || *f.Low > bound):
		return Missed
	case f.High == nil || *f.High <= bound || strict && *f.Value <= bound:
		return Met
	}
	return Unclear
}
