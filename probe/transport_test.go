package probe_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"

	"examlink/probe"
	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/netsim"
	"examlink/probe/verdict"
)

func TestCheckByWebSocket(t *testing.T) {
	for _, c := range []struct {
		name string
		rate float64
		want verdict.Outcome
	}{
		{"fast", 20, verdict.Marginal},
		{"slow", 0.5, verdict.Inconclusive},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newTCPWorld(t, mbit(c.rate))
				w.blockUDP(true)
				r, err := probe.Check(t.Context(), w.options(), nil)
				if err != nil {
					t.Fatal(err)
				}
				if r.Transport != probe.TransportWebSocket || r.Verdict.Outcome != c.want {
					t.Errorf("by %s: %q %s", r.Transport, r.Verdict.Outcome, r.Verdict.Sentence)
				}
				for _, i := range []ippm.Interval{r.CapacityDown.Rate, r.CapacityUp.Rate, r.FloorDown.Rate, r.FloorUp.Rate} {
					if i.Value != nil || i.High != nil || i.Low == nil || *i.Low <= 0 || *i.Low > c.rate*1e6 {
						t.Errorf("a rate of %s by a TCP of %v Mbit/s", describe(i), c.rate)
					}
				}
				if r.CapacityDown.Why == "" || r.GoodputDown.Value != nil || r.GoodputDown.Why == "" {
					t.Errorf("capacity %+v, goodput %+v", r.CapacityDown, r.GoodputDown)
				}
				if m := r.Idle.RoundTrip.Median; m == nil || *m < 0.02 || *m > 0.03 {
					t.Errorf("round trip %v", m)
				}
				if r.Idle.OverTCP != r.Idle.Sent || r.Idle.Sent == 0 {
					t.Errorf("%d of %d packets by TCP", r.Idle.OverTCP, r.Idle.Sent)
				}
				for _, x := range r.Verdict.Reasons {
					if (x.Criterion == verdict.LossDown || x.Criterion == verdict.LossUp) && (x.Value != nil || x.AgainstMin != verdict.Hidden) {
						t.Errorf("loss by TCP: %+v", x)
					}
				}
				t.Logf("%v: %s down %s up %s, %d kB", r.Duration, r.Verdict.Sentence, describe(r.CapacityDown.Rate), describe(r.CapacityUp.Rate), (r.BytesDown+r.BytesUp)/1000)
			})
		})
	}
}

// A path that drops packets of QUIC's size, but not small ones, is distinguished from one
// that blocks UDP.
func TestPathTooNarrowForQUIC(t *testing.T) {
	for way, narrow := range map[string]func(*testbed) []*netsim.Pipe{
		"up":   func(w *testbed) []*netsim.Pipe { return []*netsim.Pipe{w.client.Up} },
		"both": func(w *testbed) []*netsim.Pipe { return []*netsim.Pipe{w.client.Up, w.client.Down} },
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newTCPWorld(t, mbit(20))
			for _, l := range narrow(w) {
				l.Update(func(p *netsim.Params) { p.MTU = 1227 })
			}
			r, err := probe.Check(t.Context(), w.options(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if r.Transport != probe.TransportWebSocket || r.PathMTU != nil || !strings.Contains(r.Verdict.Sentence, "small UDP packets") {
				t.Errorf("%s: by %s, path MTU %v: %s", way, r.Transport, r.PathMTU, r.Verdict.Sentence)
			}
			o := w.options()
			o.TCP = func(context.Context, netip.AddrPort) (net.Conn, error) {
				near, far := net.Pipe()
				_ = far.Close()
				return near, nil
			}
			_, err = probe.Check(t.Context(), o, nil)
			if r, _ := link.ReasonOf(err); r != link.ReasonPathMTU {
				t.Errorf("%s, and no WebSocket: %q: %v", way, r, err)
			}
		})
	}
}

// Where TCP connects without a WebSocket, the reason is still that UDP is blocked.
func TestUDPBlockedAndNoWebSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newTCPWorld(t, mbit(5))
		w.blockUDP(true)
		o := w.options()
		o.TCP = func(context.Context, netip.AddrPort) (net.Conn, error) {
			near, far := net.Pipe()
			_ = far.Close()
			return near, nil
		}
		_, err := probe.Check(t.Context(), o, nil)
		if r, _ := link.ReasonOf(err); r != link.ReasonUDPBlocked || !strings.Contains(err.Error(), "WebSocket") {
			t.Errorf("%q: %v", r, err)
		}
		bad := w.options()
		bad.Token = bad.Token[:len(bad.Token)-4] + "AAAA"
		_, err = probe.Check(t.Context(), bad, nil)
		var refused *probe.RefusedError
		if !errors.As(err, &refused) {
			t.Errorf("a forged token by WebSocket: %v", err)
		}
	})
}
