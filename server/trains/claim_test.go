package trains

import (
	"testing"
	"time"

	"examlink/probe/wire"
	"examlink/server/event"
	"examlink/server/session"
)

// stopped is a clock that stands still.
type stopped struct{ time.Time }

func (c stopped) Now() time.Duration               { return time.Hour }
func (c stopped) Wall() time.Time                  { return c.Time }
func (c stopped) Awake() (d time.Duration, _ bool) { return 0, false }

// A rate counts once, for the train that was sent, and only if plausible.
func TestClaimedRates(t *testing.T) {
	claims := 0
	m := NewManager(Options{
		Clock: stopped{time.Unix(1e9, 0)}, Limits: session.DefaultLimits,
		Publish: func(_ *session.Session, p event.Payload) {
			if c, ok := p.(event.Claim); ok && c.Report.Direction == wire.Down {
				claims++
			}
		},
	})
	ss := new(session.Session)
	x := m.Of(ss)
	measuring := wire.TrainRequest{Train: 3, PrimeBytes: 50e3, MaxBytes: 100e3}
	rate := func(v float64) wire.TrainReport {
		high := 2 * v
		return wire.TrainReport{Train: 3, Outcome: "estimate", Rate: &v, Low: new(float64), High: &high, StdErr: 0.1}
	}
	claim := func(awaited *wire.TrainRequest, r wire.TrainReport) *float64 {
		if awaited != nil {
			x.awaited = awaited
		}
		x.Claim(r)
		s, _ := ss.Sample(time.Hour, time.Unix(1e9, 0))
		return s.Down.Value
	}
	if got := claim(nil, rate(8e6)); got != nil {
		t.Errorf("%v of no train was taken", *got)
	}
	claim(&measuring, wire.TrainReport{Train: 2, Rate: new(float64)}) // of another train
	claim(nil, rate(8e6))
	if got := claim(nil, rate(80e6)); got == nil || *got != 8e6 { // reported before
		t.Errorf("%v, want 8e6 bit/s", got)
	}
	glance := wire.TrainRequest{Train: 3, PrimeBytes: 10e3, MaxBytes: 10e3}
	if got := claim(&glance, rate(16e6)); got == nil || *got != 8e6 {
		t.Errorf("%v after a glance, want what the last train read", got)
	}
	for _, v := range []float64{0, -8e6, 1e300} {
		if got := claim(&measuring, rate(v)); got != nil {
			t.Errorf("%v bit/s was taken", v)
		}
	}
	if claims != 1 {
		t.Errorf("%d claims published, want 1", claims)
	}
}
