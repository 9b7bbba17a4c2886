package server

import (
	"strings"
	"testing"

	"examlink/probe/wire"
)

// A client can say what it likes; what cannot be is not known.
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
		if !f.at.Equal(noon) {
			t.Errorf("%s: came %v", c.name, f.at)
		}
		for what, x := range map[string]struct {
			got  *float64
			want bool
		}{
			"round trip": {f.roundTrip, c.trip}, "loss up": {f.lossUp, c.lossUp}, "loss down": {f.lossDown, c.lossDown},
			"variation up": {f.variationUp, c.varUp}, "variation down": {f.variationDown, c.varDown},
		} {
			if (x.got != nil) != x.want {
				t.Errorf("%s: %s known: %v, want %v", c.name, what, x.got != nil, x.want)
			}
		}
	}
	f := figuresOf([]byte(`{"sent":600,"lost_up":60,"lost_down":54}`), noon)
	if *f.lossUp != 0.1 || *f.lossDown != 0.1 {
		t.Errorf("loss %v up, %v down, want a tenth each: what got lost going up cannot get lost coming down", *f.lossUp, *f.lossDown)
	}
}

// A rate counts once, for the train that was sent, and only if it can be.
func TestClaimedRates(t *testing.T) {
	s, r := table(t, 10)
	ss := s.put("s", "e", StateLive)
	rate := func(v float64) wire.TrainReport { return wire.TrainReport{Train: 3, Rate: &v} }
	told := func() string {
		return strings.Join(series(scrape(t, r), "examlink_session_download_bytes_per_second"), "")
	}
	observed := func(want string) {
		t.Helper()
		if got := series(scrape(t, r), `examlink_server_rate_bytes_per_second_count{direction="down"}`); len(got) != 1 || !strings.HasSuffix(got[0], " "+want) {
			t.Errorf("%q, want %s rates read", got, want)
		}
	}
	measuring := wire.TrainRequest{Train: 3, PrimeBytes: 50e3, MaxBytes: 100e3}
	s.claimRate(ss, rate(8e6))
	if told() != "" {
		t.Error("a rate of no train was taken")
	}
	ss.awaited = &measuring
	s.claimRate(ss, wire.TrainReport{Train: 2, Rate: new(float64)})
	s.claimRate(ss, rate(8e6))
	s.claimRate(ss, rate(80e6)) // the train has been told of
	if got := told(); !strings.HasSuffix(got, " 1e+06") {
		t.Errorf("%q, want 1e+06", got)
	}
	observed("1")
	ss.awaited = &wire.TrainRequest{Train: 3, PrimeBytes: 10e3, MaxBytes: 10e3}
	s.claimRate(ss, rate(16e6)) // a glance
	if got := told(); !strings.HasSuffix(got, " 1e+06") {
		t.Errorf("%q after a glance, want what the last train read", got)
	}
	for _, v := range []float64{0, -8e6, 1e300} {
		ss.awaited = &measuring
		s.claimRate(ss, rate(v))
		if told() != "" {
			t.Errorf("%v bit/s was taken", v)
		}
	}
	observed("1")
	low, high := 4e6, 9e6
	ss.awaited = &measuring
	s.claimRate(ss, wire.TrainReport{Train: 3, Rate: &low, Low: &high})
	if got := series(scrape(t, r), "examlink_session_download_lower_bound_bytes_per_second"); len(got) > 0 {
		t.Errorf("%q: a bound above the rate", got)
	}
}
