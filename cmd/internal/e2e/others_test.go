//go:build linux

package e2e

import (
	"context"
	"strings"
	"testing"
)

// Traffic of other programs on the student's computer during a check is not held
// against the link: it is included in the rates and reported.
func TestCheckBesideOtherPrograms(t *testing.T) {
	need(t, "ip", "tc")
	h := newTestbed(t)
	h.shape(2, 1.5)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	for _, x := range []struct {
		from, to string
		bitRate  float64
	}{{h.far, h.studentAddress, 1.2e6}, {h.student, "10.77.0.1", 0.9e6}} {
		c, err := dialIn(ctx, x.from, "udp", x.to+":9")
		if err != nil {
			t.Fatal(err)
		}
		go pour(ctx, c, x.bitRate) // ends with the test
	}
	code, r := h.check()
	for again := 0; again < busyAgain && strings.Contains(r.Verdict.Sentence, "too busy"); again++ {
		code, r = h.check()
	}
	t.Logf("%s, exit %d: measured %s/%s Mbit/s, others %s/%s", r.Verdict.Outcome, code, show(r.CapacityDown.Rate.Value), show(r.CapacityUp.Rate.Value), show(r.OthersDown), show(r.OthersUp))
	for _, x := range []struct {
		name         string
		link, others float64
		read, told   *float64
	}{{"down", 2e6, 1.2e6, r.CapacityDown.Rate.Value, r.OthersDown}, {"up", 1.5e6, 0.9e6, r.CapacityUp.Rate.Value, r.OthersUp}} {
		least := 0.9 * x.link
		if x.name == "up" { // the shaper is in the student's own computer, whose counter has what left it, not what waits
			least = 1.2 * (x.link - x.others)
		}
		if x.read == nil || *x.read < least || *x.read > 1.1*x.link {
			t.Errorf("%s: %s Mbit/s, expected %v to %v", x.name, show(x.read), least/1e6, 1.1*x.link/1e6)
		}
		if x.told == nil || *x.told < 0.3*x.others || *x.told > 1.3*x.others {
			t.Errorf("%s: others move %s Mbit/s, expected about %v", x.name, show(x.told), x.others/1e6)
		}
	}
}
