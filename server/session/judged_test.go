package session

import (
	"reflect"
	"testing"

	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/verdict"
)

// The server does not take a client's word for the upload, the transport and the policy.
func TestJudged(t *testing.T) {
	p := verdict.BuiltIn()[0]
	rate := func(v float64) Rate {
		low, high := 0.99*v, 1.01*v
		return Rate{Interval: ippm.Interval{Value: &v, Low: &low, High: &high}}
	}
	is := func(o verdict.Outcome, lists ...[]verdict.Criterion) verdict.Summary {
		lists = append(lists, nil, nil, nil)
		return verdict.Summary{Outcome: o, Policy: p.Name, Version: p.Version, Missed: lists[0], Unclear: lists[1], Below: lists[2]}
	}
	upload, udp, down := []verdict.Criterion{verdict.Upload}, []verdict.Criterion{verdict.UDP}, []verdict.Criterion{verdict.Download}
	strict := is(verdict.Ready)
	strict.Policy = "onvue"
	for name, c := range map[string]struct {
		claim   verdict.Summary
		up      Rate
		by      link.Transport
		want    verdict.Summary
		earlier Rate
	}{
		"ready, and it looks so":          {is(verdict.Ready), rate(5e6), link.UDP, is(verdict.Ready), Rate{}},
		"ready, no upload seen":           {is(verdict.Ready), Rate{}, link.UDP, is(verdict.Ready), Rate{}},
		"ready, the upload is too low":    {is(verdict.Ready), rate(0.3e6), link.UDP, is(verdict.NotReady, upload), Rate{}},
		"below, the upload is too low":    {is(verdict.Marginal, nil, nil, upload), rate(0.3e6), link.UDP, is(verdict.NotReady, upload, []verdict.Criterion{}, []verdict.Criterion{}), Rate{}},
		"ready, by WebSocket":             {is(verdict.Ready), rate(5e6), link.WebSocket, is(verdict.Marginal, nil, nil, udp), Rate{}},
		"not ready, whatever the upload":  {is(verdict.NotReady, down), rate(5e6), link.UDP, is(verdict.NotReady, down), Rate{}},
		"could not tell":                  {is(verdict.Inconclusive, nil, down), rate(5e6), link.UDP, is(verdict.Inconclusive, nil, down), Rate{}},
		"ready by another policy":         {strict, rate(5e6), link.UDP, is(verdict.Inconclusive), Rate{}},
		"by another policy, and too slow": {strict, rate(0.3e6), link.UDP, is(verdict.NotReady, upload), Rate{}},
		"marginal, and no reason for it":  {is(verdict.Marginal), rate(5e6), link.UDP, is(verdict.Marginal), Rate{}},
		"too slow, but only at the end":   {is(verdict.Ready), rate(0.3e6), link.UDP, is(verdict.Ready), rate(5e6)},
		"too slow twice":                  {is(verdict.Ready), rate(0.3e6), link.UDP, is(verdict.NotReady, upload), rate(0.35e6)},
		"low over TCP":                    {is(verdict.Marginal, nil, nil, udp), rate(0.3e6), link.WebSocket, is(verdict.Marginal, nil, nil, udp), Rate{}},
		"ready, with a criterion missed":  {is(verdict.Ready, down), rate(5e6), link.UDP, is(verdict.NotReady, down), Rate{}},
	} {
		var up uploads
		up.add(c.earlier)
		up.add(c.up)
		up.add(Rate{}) // a train that read nothing
		if got := judged(c.claim, p, up, c.by); !reflect.DeepEqual(normal(got), normal(c.want)) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// normal makes empty lists nil.
func normal(s verdict.Summary) verdict.Summary {
	for _, l := range []*[]verdict.Criterion{&s.Missed, &s.Unclear, &s.Below} {
		if len(*l) == 0 {
			*l = nil
		}
	}
	return s
}
