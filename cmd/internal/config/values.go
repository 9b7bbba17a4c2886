package config

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"examlink/probe/ippm"
)

// Bytes is a size in bytes.
type Bytes int64

// String prints the size as it is written in the file.
func (b Bytes) String() string {
	for _, u := range []struct {
		name string
		n    Bytes
	}{{"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}} {
		if b >= u.n && b%u.n == 0 {
			return fmt.Sprintf("%d%s", b/u.n, u.name)
		}
	}
	return fmt.Sprintf("%dB", int64(b))
}

func parseUnits(s, expected string, units map[string]float64) (float64, error) {
	t := strings.TrimSpace(s)
	i := strings.IndexFunc(t, func(r rune) bool { return r != '.' && r != '-' && r != '+' && (r < '0' || r > '9') })
	if i <= 0 {
		return 0, fmt.Errorf("%q, expected %s", s, expected)
	}
	v, err := strconv.ParseFloat(t[:i], 64)
	factor, ok := units[strings.TrimSpace(t[i:])]
	if err != nil || !ok || v < 0 || math.IsInf(v*factor, 0) {
		return 0, fmt.Errorf("%q, expected %s", s, expected)
	}
	return v * factor, nil
}

// ParseRate reads a rate with its unit.
func ParseRate(s string) (ippm.Rate, error) {
	v, err := parseUnits(s, `a rate with its unit, such as "768kbit/s" or "1.5Mbit/s"`,
		map[string]float64{"bit/s": 1, "kbit/s": 1e3, "Mbit/s": 1e6, "Gbit/s": 1e9})
	return ippm.Rate(v), err
}

// ParseBytes reads a size with its unit.
func ParseBytes(s string) (Bytes, error) {
	v, err := parseUnits(s, `a size with its unit, such as "500kB" or "10MB"`,
		map[string]float64{"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9})
	return Bytes(v), err
}

// unitHook turns text into durations, rates and sizes. A bare number for any of
// them is refused: it would silently mean nanoseconds, bits or bytes.
func unitHook(from, to reflect.Type, data any) (any, error) {
	if from == to {
		return data, nil
	}
	text, isText := data.(string)
	switch to {
	case reflect.TypeFor[time.Duration]():
		if !isText {
			return nil, fmt.Errorf("%v, expected a duration with its unit, such as %q", data, "100ms")
		}
		d, err := time.ParseDuration(text)
		if err != nil {
			return nil, fmt.Errorf("%q, expected a duration with its unit, such as %q", text, "100ms")
		}
		return d, nil
	case reflect.TypeFor[ippm.Rate]():
		if !isText {
			return nil, fmt.Errorf("%v, expected a rate with its unit, such as %q", data, "768kbit/s")
		}
		return ParseRate(text)
	case reflect.TypeFor[Bytes]():
		if !isText {
			return nil, fmt.Errorf("%v, expected a size with its unit, such as %q", data, "10MB")
		}
		return ParseBytes(text)
	}
	return data, nil
}
