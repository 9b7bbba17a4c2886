package config_test

import (
	"testing"

	"examlink/cmd/internal/config"
	"examlink/probe/ippm"
)

func TestRatesAndSizesReadAsTheyPrint(t *testing.T) {
	for _, r := range []ippm.Rate{0, 1, 999, 1000, 64e3, 768e3, 999999, 1e6, 1.5e6, 3333333, 1e9, 2e9, 1e12, 1e16, 0.1, 1e6 / 3.0, 768e3 * 0.985} {
		if got, ok := config.ParseRate(config.FormatRate(r)); got != r || !ok {
			t.Errorf("%v prints as %q and reads as %v, %v", float64(r), config.FormatRate(r), float64(got), ok)
		}
	}
	for _, b := range []int64{0, 1, 999, 1000, 1500, 1500e3, 10e6, 512e6, 1e9, 1<<53 - 1} {
		if got, ok := config.ParseSize(config.FormatSize(b)); got != b || !ok {
			t.Errorf("%d prints as %q and reads as %d, %v", b, config.FormatSize(b), got, ok)
		}
	}
	for _, s := range []string{"", "5", "Mbit/s", "-1Mbit/s", "1 mbit/s", "1e3kbit/s", "1Mbps", "NaNbit/s", "1.2.3Mbit/s", "1Mbit/s 2"} {
		if r, ok := config.ParseRate(s); ok {
			t.Errorf("rate %q reads as %v", s, r)
		}
	}
	for _, s := range []string{"", "5", "MB", "-1B", "1MiB", "1mb", "1b", "9223372036854775808B", "1e3kB"} {
		if b, ok := config.ParseSize(s); ok {
			t.Errorf("size %q reads as %d", s, b)
		}
	}
	for s, want := range map[string]ippm.Rate{"1.5 Mbit/s": 1.5e6, " 768kbit/s ": 768e3, "1Gbit/s": 1e9} {
		if got, ok := config.ParseRate(s); got != want || !ok {
			t.Errorf("rate %q reads as %v, %v", s, got, ok)
		}
	}
}
