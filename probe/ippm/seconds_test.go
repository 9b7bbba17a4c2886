package ippm

import (
	"encoding/json"
	"math"
	"testing"
	"time"
)

func TestSecondsAsJSON(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0": 0, "0.25": 250 * time.Millisecond, "5.123456789": 5123456789, "1e-9": 1, "-2": -2 * time.Second, "10800": 3 * time.Hour,
	} {
		b, err := json.Marshal(Seconds(d))
		if err != nil || string(b) != want {
			t.Errorf("%v is %s, %v, want %s", d, b, err, want)
		}
		var back Seconds
		if err := json.Unmarshal(b, &back); err != nil || back.Duration() != d {
			t.Errorf("%s is %v, %v, want %v", b, back, err, d)
		}
	}
	for _, bad := range []string{`"5s"`, `true`, `1e300`, `9223372037`} {
		var s Seconds
		if err := json.Unmarshal([]byte(bad), &s); err == nil {
			t.Errorf("%s is taken as %v", bad, s)
		}
	}
	s := Seconds(math.MaxInt64)
	if err := json.Unmarshal([]byte("null"), &s); err != nil || s != math.MaxInt64 {
		t.Errorf("null: %v, %v", s, err)
	}
}
