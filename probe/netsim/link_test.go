package netsim

import (
	"math"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe/clock"
)

var _ clock.Clock = (*Clock)(nil)

const ms = time.Millisecond

func drain(l *Link, until time.Duration) (at []time.Duration) {
	for {
		next, ok := l.Next()
		if !ok || next > until {
			return at
		}
		l.Advance(next)
		for {
			_, when, ok := l.Pop(next)
			if !ok {
				break
			}
			at = append(at, when)
		}
	}
}

func TestSerializationIsByteExact(t *testing.T) {
	l := NewLink(Params{Rate: 1e6, Delay: 10 * ms}, 1)
	for range 5 {
		l.Send(0, nil, 1250) // 10 ms each
	}
	for i, at := range drain(l, time.Hour) {
		if want := time.Duration(i+1)*10*ms + 10*ms; at != want {
			t.Errorf("packet %d arrived at %v, want %v", i, at, want)
		}
	}
}

func TestRateChangeInMidPacket(t *testing.T) {
	l := NewLink(Params{Rate: 1e6}, 1)
	l.Send(0, nil, 1250)
	l.Set(4*ms, Params{Rate: 0.5e6}) // 6 ms left become 12 ms
	if at := drain(l, time.Hour); len(at) != 1 || at[0] != 16*ms {
		t.Errorf("arrived at %v, want 16ms", at)
	}
}

func TestTokenBucketPassesABurstThenTheRate(t *testing.T) {
	l := NewLink(Params{Rate: 1e6, Bucket: 5000}, 1)
	for range 10 {
		l.Send(time.Second, nil, 1250)
	}
	at := drain(l, time.Hour)
	if at[3] != time.Second {
		t.Errorf("fourth of four bucket packets at %v", at[3])
	}
	if want := time.Second + 60*ms; at[9] != want {
		t.Errorf("tenth packet at %v, want %v", at[9], want)
	}
}

func TestQueueDropsWhatDoesNotFit(t *testing.T) {
	l := NewLink(Params{Rate: 1e6, QueueTime: 50 * ms}, 1) // 6250 bytes
	for range 20 {
		l.Send(0, nil, 1250)
	}
	if got := len(drain(l, time.Hour)); got != 5 {
		t.Errorf("%d packets got through, want 5", got)
	}
	if c := l.Counters(); c.LostQueue != 15 || c.Offered != 20 || c.Delivered != 5 || c.MaxWait != 50*ms {
		t.Errorf("counters %+v", c)
	}
}

func TestLossConservesPackets(t *testing.T) {
	l := NewLink(Params{Loss: 0.05, BurstStart: 0.01, BurstEnd: 0.25, Duplicate: 0.02, Reorder: 0.01, ReorderBy: 5 * ms}, 1)
	const n = 100000
	for i := range n {
		l.Send(time.Duration(i)*ms, nil, 100)
	}
	drain(l, math.MaxInt64)
	c := l.Counters()
	if c.Delivered != n-c.Lost()+c.Duplicated {
		t.Errorf("not conserved: %+v", c)
	}
	want := 0.01/(0.01+0.25) + (1-0.01/(0.01+0.25))*0.05
	if got := float64(c.Lost()) / n; math.Abs(got/want-1) > 0.05 {
		t.Errorf("lost %.4f, want about %.4f", got, want)
	}
}

func TestSocketsInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := netip.MustParseAddrPort("10.0.0.1:443")
		n := NewNetwork(t.Context(), srv)
		c := n.Client(netip.MustParseAddrPort("10.0.0.2:5000"), Params{Delay: 30 * ms}, Params{Delay: 10 * ms}, 1)
		start := time.Now()
		s := c.Socket()
		if _, err := s.WriteTo([]byte("hi"), n.Server().LocalAddr()); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 10)
		_, from, err := n.Server().ReadFrom(b)
		if err != nil || time.Since(start) != 30*ms {
			t.Fatalf("server read after %v: %v", time.Since(start), err)
		}
		if _, err := n.Server().WriteTo(b[:2], from); err != nil {
			t.Fatal(err)
		}
		if k, _, err := s.ReadFrom(b); err != nil || string(b[:k]) != "hi" || time.Since(start) != 40*ms {
			t.Fatalf("client read %q after %v: %v", b[:k], time.Since(start), err)
		}
		_ = s.SetReadDeadline(time.Now().Add(ms))
		if _, _, err := s.ReadFrom(b); err == nil {
			t.Error("no deadline error")
		}
	})
}
