package rehearsal

import (
	"fmt"

	"examlink/probe/equipment"
	"examlink/probe/verdict"
)

// Judge returns what came of a rehearsal by a policy.
func Judge(p verdict.Policy, plan Plan, e Evidence) Result {
	from, to := e.Began+plan.Unjudged(), e.Ended
	r := Result{Schema: Schema, Browser: e.Browser, Received: []Figures{}, Time: max(e.Ended-e.Began, 0).Seconds()}
	if to <= from || len(e.Streams) == 0 {
		r.Findings = []Finding{{
			ID: IDArrival, Status: equipment.NotKnown, Sentence: "The rehearsal ended too early to judge it.", Remedy: "Repeat the rehearsal, and leave this page in front until it is done.",
		}}
		return r
	}
	r.Judged = (to - from).Seconds()
	figures := map[Kind]Figures{}
	for _, k := range []Kind{Webcam, Screen} {
		if t := e.Streams[k]; t != nil {
			figures[k] = t.Figures(k, from, to)
			r.Received = append(r.Received, figures[k])
		}
	}
	if d, ok := medianRoundTrip(e.RoundTrips, from); ok {
		s := d.Seconds()
		r.RoundTrip = &s
	}
	j := judge{policy: p, plan: plan, evidence: e, figures: figures, result: &r}
	j.arrival()
	j.webcam()
	j.screen()
	j.rate()
	j.loss()
	j.roundTrip()
	j.bothEnds()
	return r
}

// judge collects the findings of one rehearsal.
type judge struct {
	policy   verdict.Policy
	plan     Plan
	evidence Evidence
	figures  map[Kind]Figures
	result   *Result
}

func (j *judge) find(id ID, s equipment.Status, remedy, format string, values ...any) {
	j.result.Findings = append(j.result.Findings, Finding{ID: id, Status: s, Sentence: fmt.Sprintf(format, values...), Remedy: remedy})
}
