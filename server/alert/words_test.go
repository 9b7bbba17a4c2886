package alert

import (
	"testing"
	"time"
)

func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0.0 s", 1340 * time.Millisecond: "1.3 s", 10 * time.Second: "10 s", 59*time.Second + 400*time.Millisecond: "59 s",
		59*time.Second + 600*time.Millisecond: "1m", time.Minute: "1m", 61 * time.Second: "1m1s", 70 * time.Second: "1m10s",
		90 * time.Second: "1m30s", 10 * time.Minute: "10m", 10*time.Minute + 20*time.Second: "10m20s", time.Hour: "1h",
		time.Hour + 5*time.Second: "1h0m5s", 70 * time.Minute: "1h10m", 10 * time.Hour: "10h", 10*time.Hour + 10*time.Minute + 10*time.Second: "10h10m10s",
	} {
		if got := short(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}
