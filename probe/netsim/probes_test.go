package netsim

import (
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestProbesKnowTheirDelays(t *testing.T) {
	l := NewLink(Params{Rate: 1e6, QueueTime: time.Second, Delay: 10 * ms}, 1)
	l.CountSize(125) // 1 ms each
	l.Send(0, nil, 125)
	l.Send(20*ms, nil, 1250)
	l.Send(20*ms, nil, 125) // waits 10 ms behind the other
	l.Set(40*ms, Params{Rate: 1e6, Delay: 10 * ms, Outage: true})
	l.Send(40*ms, nil, 125)
	l.Set(60*ms, Params{Rate: 1e6, Delay: 15 * ms})
	l.Send(60*ms, nil, 125)
	l.Send(80*ms, nil, 125)
	drain(l, time.Hour)
	if got, want := l.ProbeDelays(), []time.Duration{11 * ms, 21 * ms, NotDelivered, 16 * ms, 16 * ms}; !slices.Equal(got, want) {
		t.Fatalf("delays %v, want %v", got, want)
	}
	p := l.Probes()
	if p.Offered != 5 || p.Delivered != 4 || p.Lost != 1 {
		t.Errorf("offered %d, delivered %d, lost %d", p.Offered, p.Delivered, p.Lost)
	}
	if want := (Distribution{Count: 4, Min: 0.011, Median: 0.016, Mean: 0.016, P95: 0.021, P99: 0.021, Max: 0.021}); *p.Delay != want {
		t.Errorf("delay %+v, want %+v", *p.Delay, want)
	}
	if want := (Distribution{Count: 2, Min: 0, Median: 0, Mean: 0.005, P95: 0.01, P99: 0.01, Max: 0.01}); *p.IPDV != want {
		t.Errorf("IPDV %+v, want %+v", *p.IPDV, want)
	}
	if want := (Distribution{Count: 4, Min: 0, Median: 0.005, Mean: 0.005, P95: 0.01, P99: 0.01, Max: 0.01}); *p.PDV != want {
		t.Errorf("PDV %+v, want %+v", *p.PDV, want)
	}
}

func TestProbesCountTheFirstCopyAsItLeft(t *testing.T) {
	l := NewLink(Params{Delay: 10 * ms, Duplicate: 1, Reorder: 0.5, ReorderBy: 5 * ms}, 3)
	l.CountSize(100)
	for i := range 50 {
		l.Send(time.Duration(i)*20*ms, nil, 100)
		l.Send(time.Duration(i)*20*ms, nil, 200)
	}
	for {
		next, ok := l.Next()
		if !ok {
			break
		}
		for {
			if _, _, ok := l.Pop(next); !ok {
				break
			}
			l.Left(next + ms)
		}
	}
	p := l.Probes()
	if p.Offered != 50 || p.Delivered != 50 || p.Delay.Min != 0.011 || p.Delay.Max != 0.016 || l.Counters().Delivered != 200 {
		t.Errorf("%+v, delay %+v", p, *p.Delay)
	}
}

func TestProbesAreConserved(t *testing.T) {
	l := NewLink(Params{Rate: 1e6, QueueTime: 20 * ms, Loss: 0.05, BurstStart: 0.01, BurstEnd: 0.25, Duplicate: 0.02, Reorder: 0.02, ReorderBy: 5 * ms, Jitter: ms}, 5)
	l.CountSize(92)
	const n = 20000
	for i := range n {
		l.Send(time.Duration(i)*ms, nil, 92)
		l.Send(time.Duration(i)*ms, nil, 40)
	}
	drain(l, math.MaxInt64)
	if p := l.Probes(); p.Offered != n || p.Delivered+p.Lost != n || p.Lost == 0 || uint64(p.Delay.Count) != p.Delivered {
		t.Errorf("%+v", p)
	}
}

func TestProbesInAPipe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPipe(Params{Rate: 1e6, Delay: 30 * ms}, 1, func([]byte) {})
		p.CountSize(125)
		go p.Run(t.Context())
		for range 3 {
			p.Send(nil, 125) // 1 ms each, all at once
		}
		time.Sleep(time.Second)
		if got := p.Probes(); got.Delivered != 3 || got.Delay.Min != 0.031 || got.Delay.Max != 0.033 || got.IPDV.Max != 0.001 {
			t.Errorf("%+v", got)
		}
	})
}
