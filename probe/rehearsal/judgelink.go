package rehearsal

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"examlink/probe/equipment"
	"examlink/probe/ippm"
	"examlink/probe/verdict"
)

// tooLow is the share of the plan's rate below which a browser's estimate of the link is too
// low. Chosen by us.
const tooLow = 0.85

// rate judges whether the browser could send what an exam sends.
func (j *judge) rate() {
	kinds, sum, names := j.sent(), ippm.Rate(0), []string{}
	if len(kinds) == 0 {
		return
	}
	for _, f := range j.result.Received {
		if kinds[f.Kind] {
			sum += f.Rate
			names = append(names, string(f.Kind))
		}
	}
	said := fmt.Sprintf("%s arrived at %s", title(strings.Join(names, " and ")), sum)
	want := j.plan.rate(kinds)
	b := j.evidence.Browser
	if b == nil || b.Available == nil {
		if j.limited(kinds) {
			j.find(IDRate, equipment.OnlyJust, remedyRate, "%s; your browser held pictures back, because the link carries no more.", said)
			return
		}
		j.find(IDRate, equipment.NotKnown, "", "%s; your browser does not tell whether it held anything back.", said)
		return
	}
	available := ippm.Rate(*b.Available)
	switch {
	case available < want*tooLow:
		j.find(IDRate, equipment.NotMet, remedyRate, "%s; your browser took the link to carry %s, and the exam sends up to %s.", said, available, want)
	case available < want:
		j.find(IDRate, equipment.OnlyJust, remedyRate, "%s; your browser took the link to carry %s, and the exam sends up to %s.", said, available, want)
	default:
		j.find(IDRate, equipment.Met, "", "%s.", said)
	}
}

// sent returns the streams of which something arrived.
func (j *judge) sent() map[Kind]bool {
	kinds := map[Kind]bool{}
	for _, f := range j.result.Received {
		if f.Packets > 0 {
			kinds[f.Kind] = true
		}
	}
	return kinds
}

// heldBack reports whether the browser sent less than the plan has, as far as it tells.
func (j *judge) heldBack() bool {
	kinds, b := j.sent(), j.evidence.Browser
	return b != nil && b.Available != nil && ippm.Rate(*b.Available) < j.plan.rate(kinds) || j.limited(kinds)
}

// limited reports whether the browser says that the link held one of some streams back for
// long.
func (j *judge) limited(kinds map[Kind]bool) bool {
	for k := range kinds {
		if s := j.evidence.Browser.of(k); s != nil && s.Limited != nil && *s.Limited >= oftenLimited {
			return true
		}
	}
	return false
}

func (j *judge) loss() {
	arrived, lost := 0, 0
	for _, f := range j.result.Received {
		arrived, lost = arrived+f.Packets, lost+f.Lost
	}
	if arrived == 0 {
		return
	}
	share := float64(lost) / float64(arrived+lost)
	said := "Of what your browser sent, " + verdict.Format(share, "ratio") + " was lost on the way"
	// A share of some hundreds of packets is known no better than to one of them.
	switch one := 1 / float64(arrived+lost); {
	case over(share, j.policy.Minimum.Loss):
		j.find(IDLoss, equipment.NotMet, remedyLoss, "%s; the limit is %s.", said, verdict.Format(j.policy.Minimum.Loss, "ratio"))
	case over(share-one, j.policy.Recommended.Loss):
		j.find(IDLoss, equipment.OnlyJust, remedyLoss, "%s; less than %s is recommended.", said, verdict.Format(j.policy.Recommended.Loss, "ratio"))
	default:
		j.find(IDLoss, equipment.Met, "", "%s.", said)
	}
}

func (j *judge) roundTrip() {
	v, by := j.result.RoundTrip, "the exam's server"
	if v == nil && j.evidence.Browser != nil {
		v, by = j.evidence.Browser.RoundTrip, "your browser"
	}
	if v == nil {
		return
	}
	said := fmt.Sprintf("The way to the server and back took %s while the pictures were sent, measured by %s", verdict.Format(*v, "s"), by)
	least, best := j.policy.Minimum.RoundTripDelay.Seconds(), j.policy.Recommended.RoundTripDelay.Seconds()
	switch {
	case over(*v, least):
		j.find(IDRoundTrip, equipment.NotMet, remedyFar, "%s; the limit is %s.", said, verdict.Format(least, "s"))
	case over(*v, best):
		j.find(IDRoundTrip, equipment.OnlyJust, remedyFar, "%s; less than %s is recommended.", said, verdict.Format(best, "s"))
	default:
		j.find(IDRoundTrip, equipment.Met, "", "%s.", said)
	}
}

func over(v, bound float64) bool { return bound > 0 && v > bound }

// bothEnds says whether browser and server counted the same.
func (j *judge) bothEnds() {
	if j.evidence.Browser == nil {
		j.find(IDBothEnds, equipment.NotKnown, "", "Your browser did not tell what it sent.")
		return
	}
	same := true
	for _, f := range j.result.Received {
		s := j.evidence.Browser.of(f.Kind)
		if s == nil {
			continue
		}
		if x := j.evidence.Streams[f.Kind].Totals(); !s.agrees(x) {
			same = false
			j.find(IDBothEnds, equipment.NotKnown, "", "Your browser counted %d kB of the %s, the exam's server %d kB and %d lost packets: the figures differ.", s.Payload/1000, f.Kind, x.Payload/1000, x.Lost)
		}
	}
	if same {
		j.find(IDBothEnds, equipment.Met, "", "Your browser and the exam's server counted the same.")
	}
}

// medianRoundTrip returns the median of those from a time on.
func medianRoundTrip(all []RoundTrip, from time.Duration) (d time.Duration, ok bool) {
	var values []time.Duration
	for _, x := range all {
		if x.At >= from {
			values = append(values, x.Value)
		}
	}
	if len(values) == 0 {
		return 0, false
	}
	slices.Sort(values)
	return values[len(values)/2], true
}

// title begins a sentence.
func title(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
