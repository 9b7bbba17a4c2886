package session

import (
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// Implausible claims are unknown.
func TestClaimsThatCannotBe(t *testing.T) {
	for _, c := range []struct {
		name, contents                         string
		trip, lossUp, lossDown, varUp, varDown bool
	}{
		{"all of it", `{"sent":600,"received":590,"lost_up":4,"lost_down":6,"round_trip_delay_median":0.03,"pdv_up_p95":0,"pdv_down_p95":0.002}`, true, true, true, true, true},
		{"nothing", `{}`, false, false, false, false, false},
		{"no object", `7`, false, false, false, false, false},
		{"words", `{"sent":"many","round_trip_delay_median":0.03}`, false, false, false, false, false},
		{"a number too large", `{"sent":600,"round_trip_delay_median":1e400}`, false, false, false, false, false},
		{"less than nothing", `{"sent":600,"round_trip_delay_median":-0.03,"pdv_up_p95":-1,"pdv_down_p95":1}`, false, true, true, false, true},
		{"a negative count", `{"sent":-600,"round_trip_delay_median":0.03}`, false, false, false, false, false},
		{"hours", `{"sent":600,"round_trip_delay_median":4000,"pdv_up_p95":1e300,"pdv_down_p95":1}`, false, true, true, false, true},
		{"more lost than sent", `{"sent":600,"lost_up":400,"lost_down":201}`, false, false, false, false, false},
		{"a sum that wraps", `{"sent":600,"lost_up":18446744073709551615,"lost_down":1}`, false, false, false, false, false},
		{"too many packets", `{"sent":2000000000,"lost_up":1}`, false, false, false, false, false},
		{"nothing sent", `{"sent":0,"lost_up":0}`, false, false, false, false, false},
		{"all lost going up", `{"sent":600,"lost_up":600}`, false, true, false, false, false},
		{"an interruption", `{"sent":600,"lost_unknown":100}`, false, false, false, false, false},
		{"a few of unknown direction", `{"sent":600,"lost_up":1,"lost_unknown":60}`, false, true, true, false, false},
		{"by TCP", `{"sent":600,"over_tcp":1,"lost_up":3,"round_trip_delay_median":0.03}`, true, false, false, false, false},
	} {
		f := figuresOf([]byte(c.contents), noon)
		if !f.At.Equal(noon) {
			t.Errorf("%s: came %v", c.name, f.At)
		}
		for what, x := range map[string]struct {
			got  *float64
			want bool
		}{
			"round trip": {f.RoundTrip, c.trip}, "loss up": {f.LossUp, c.lossUp}, "loss down": {f.LossDown, c.lossDown},
			"variation up": {f.VariationUp, c.varUp}, "variation down": {f.VariationDown, c.varDown},
		} {
			if (x.got != nil) != x.want {
				t.Errorf("%s: %s known: %v, want %v", c.name, what, x.got != nil, x.want)
			}
		}
	}
	f := figuresOf([]byte(`{"sent":600,"lost_up":60,"lost_down":54}`), noon)
	if *f.LossUp != 0.1 || *f.LossDown != 0.1 {
		t.Errorf("loss %v up, %v down, want a tenth each: what got lost going up cannot get lost coming down", *f.LossUp, *f.LossDown)
	}
}
