package session

import (
	"testing"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/wire"
)

// A burst delivered by TCP or passed by a token bucket is not reported as the link's
// rate.
func TestTrainsByTCPBecomeBounds(t *testing.T) {
	rate := func(v float64) *float64 { return &v }
	r := wire.TrainRequest{PrimeRate: 6e6, HoldRate: 1e6}
	for name, c := range map[string]struct {
		in   wire.TrainReport
		want float64 // 0: none
	}{
		"steady":         {wire.TrainReport{Outcome: "estimate", Rate: rate(2e6), Low: rate(1.9e6), High: rate(2.1e6), Bytes: 126e3, Duration: 450 * time.Millisecond, Rise: 50 * time.Millisecond}, 1.9e6},
		"a burst":        {wire.TrainReport{Outcome: "estimate", Rate: rate(90e6), Low: rate(80e6), High: rate(99e6), Bytes: 51e3, Duration: 100 * time.Millisecond, Rise: 300 * time.Millisecond}, 1e6},
		"all at once":    {wire.TrainReport{Outcome: "bound", Low: rate(900e6), Bytes: 101e3}, 6e6},
		"a token bucket": {wire.TrainReport{Outcome: "estimate", Rate: rate(0.5e6), Low: rate(0.49e6), High: rate(0.51e6), Bytes: 101e3, Duration: 200 * time.Millisecond}, 0.49e6},
		"lossy":          {wire.TrainReport{Outcome: string(ippm.OutcomeLossy), Bytes: 101e3, Duration: time.Second}, 0},
	} {
		got := Carried(r, c.in, 1000)
		switch {
		case got.Rate != nil || got.High != nil:
			t.Errorf("%s: %+v", name, got)
		case c.want == 0:
			if got.Low != nil || got.Outcome != c.in.Outcome {
				t.Errorf("%s: %+v", name, got)
			}
		case got.Low == nil || *got.Low < c.want*0.999 || *got.Low > c.want*1.001 || got.Outcome != "bound":
			t.Errorf("%s: %+v, want at least %v", name, got, c.want)
		}
	}
}
