package e2e

import (
	"testing"
	"time"
)

// A check where UDP is blocked goes by WebSocket, and says so.
func TestCheckWithoutUDP(t *testing.T) {
	need(t, "ip", "tc", "nft")
	h := newHouse(t)
	for _, c := range []struct {
		name, ns, hook string
		down, up       float64
		want           string
		code           int
	}{
		{"on the way", h.far, "input", 10, 5, "marginal", 0},
		{"on this computer", h.student, "output", 10, 5, "marginal", 0},
		{"on a link too slow to say", h.far, "input", 0.5, 0.25, "inconclusive", 4},
	} {
		h.shape(c.down, c.up)
		h.block(c.ns, c.hook, "udp")
		began := time.Now()
		code, r := h.check()
		t.Logf("%s: %s, exit %d after %.1f s: %s At least %s/%s", c.name, r.Verdict.Outcome, code, time.Since(began).Seconds(),
			r.Verdict.Sentence, show(r.CapacityDown.Rate.Low), show(r.CapacityUp.Rate.Low))
		h.open(c.ns)
		if code != c.code || r.Verdict.Outcome != c.want || r.Transport != "websocket" {
			t.Errorf("%s: %q by %q, exit %d, want %q by WebSocket, exit %d: %s", c.name, r.Verdict.Outcome, r.Transport, code, c.want, c.code, r.Verdict.Sentence)
		}
		for _, v := range []*float64{r.CapacityDown.Rate.Value, r.CapacityUp.Rate.Value} {
			if v != nil {
				t.Errorf("%s: a rate of %.0f bit/s read by TCP", c.name, *v)
			}
		}
		for low, most := range map[*float64]float64{r.CapacityDown.Rate.Low: c.down, r.CapacityUp.Rate.Low: c.up} {
			if low != nil && *low > most*1e6 {
				t.Errorf("%s: at least %.0f bit/s on a link of %v Mbit/s", c.name, *low, most)
			}
		}
		told := false
		for _, x := range r.Verdict.Reasons {
			told = told || x.Criterion == "udp" && x.Remedy != ""
		}
		if !told {
			t.Errorf("%s: no word about UDP in %+v", c.name, r.Verdict.Reasons)
		}
	}
}
