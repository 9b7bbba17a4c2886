package probe_test

import (
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe"
	"examlink/probe/netsim"
	"examlink/probe/verdict"
	"examlink/probe/warning"
)

// The exam's policy comes from the server: a link of 2/1.2 Mbit/s is not ready for an
// exam that wants 3/3, in a check and in a watch.
func TestTheExamsPolicyReachesTheStudent(t *testing.T) {
	onvue, err := verdict.Find(verdict.BuiltIn(), "onvue")
	if err != nil {
		t.Fatal(err)
	}
	own, err := verdict.Find(verdict.BuiltIn(), "edx-software-secure")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		own  verdict.Policy
		want string
		is   verdict.Outcome
	}{
		{"the exam's", verdict.Policy{}, "onvue", verdict.NotReady},
		{"the student's own", own, "edx-software-secure", verdict.Ready},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				up, down := good()
				up.Rate, down.Rate, up.QueueTime, down.QueueTime = mbit(1.2), mbit(2), 200*ms, 200*ms
				w := newTestbed(t, up, down)
				w.halt()
				w.policy = onvue
				w.serve()
				o := w.options()
				if c.own.Name != "" {
					o.Policy = c.own
				}
				r, err := probe.Check(t.Context(), o, nil)
				if err != nil {
					t.Fatal(err)
				}
				if r.Verdict.Policy != c.want || r.Policy.Name != c.want || r.Verdict.Outcome != c.is {
					t.Errorf("judged by %s: %s", r.Verdict.Policy, r.Verdict.Sentence)
				}
				d, finish := w.watch(func(o *probe.Options) {
					if c.own.Name != "" {
						o.Policy = c.own
					}
				})
				time.Sleep(2 * time.Minute)
				finish()
				below := false
				for _, x := range d.warnings {
					below = below || x.Kind == warning.DownloadBelowMinimum
				}
				if below != (c.is == verdict.NotReady) {
					t.Errorf("warnings %v", d.warnings)
				}
			})
		})
	}
}

// A path that silently drops what is larger than QUIC's least packet carries all of
// examlink's by UDP.
func TestPathsOfSmallMTU(t *testing.T) {
	const sizesTried = 3 * 10 // at most nine sizes of a bisection, three times each, and one again
	for _, mtu := range []int{9000, 1500, 1492, 1300, 1280, 1252, 1228} {
		synctest.Test(t, func(t *testing.T) {
			p := netsim.Params{QueueTime: 200 * ms, Delay: 10 * ms, MTU: mtu}
			up, down := p, p
			up.Rate, down.Rate = mbit(5), mbit(10)
			w := newTestbed(t, up, down)
			r, err := probe.Check(t.Context(), w.options(), nil)
			if err != nil {
				t.Fatalf("MTU %d: %v", mtu, err)
			}
			if r.Transport != probe.TransportUDP || r.Verdict.Outcome != verdict.Ready {
				t.Errorf("MTU %d: over %s: %s", mtu, r.Transport, r.Verdict.Sentence)
			}
			if r.PathMTU == nil {
				t.Errorf("MTU %d: the check says nothing of it", mtu)
			} else if *r.PathMTU != min(mtu, 1480) {
				t.Errorf("MTU %d: the check says %d", mtu, *r.PathMTU)
			}
			// Only the packets that try a size are too large.
			lostUp, lostDown := w.client.Up.Counters().LostTooLarge, w.client.Down.Counters().LostTooLarge
			if lostUp > sizesTried || lostDown > 0 {
				t.Errorf("MTU %d: %d packets up and %d down were too large", mtu, lostUp, lostDown)
			}
		})
	}
}
