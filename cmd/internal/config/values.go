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

// rateUnits are the units of a rate, largest first.
var rateUnits = []struct {
	name string
	bits float64
}{{"Gbit/s", 1e9}, {"Mbit/s", 1e6}, {"kbit/s", 1e3}}

// FormatRate prints a rate as it is written in the file, so that reading it
// gives the same rate again.
func FormatRate(r ippm.Rate) string {
	for _, u := range rateUnits {
		if v := float64(r) / u.bits; v >= 1 && v*u.bits == float64(r) {
			return strconv.FormatFloat(v, 'f', -1, 64) + u.name
		}
	}
	return strconv.FormatFloat(float64(r), 'f', -1, 64) + "bit/s"
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
	const expected = `a size with its unit, such as "500kB" or "10MB"`
	v, err := parseUnits(s, expected, map[string]float64{"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9})
	if v >= math.MaxInt64 {
		return 0, fmt.Errorf("%q, expected %s", s, expected)
	}
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

// listHook splits text at commas where a list is expected, as the environment
// and flags give it.
func listHook(from, to reflect.Type, data any) (any, error) {
	if from.Kind() != reflect.String || to != reflect.TypeFor[[]string]() {
		return data, nil
	}
	text := strings.TrimSpace(data.(string))
	if strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") { // a list, and no IPv6 address
		text = text[1 : len(text)-1]
	}
	out := []string{}
	for _, s := range strings.Split(text, ",") {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out, nil
}

// plainHook reads numbers and bools from text, since the environment knows nothing else,
// and refuses whatever else would have to be bent into its place.
func plainHook(from, to reflect.Type, data any) (any, error) {
	if to.PkgPath() != "" {
		return data, nil
	}
	text, isText := data.(string)
	switch to.Kind() {
	case reflect.String:
		if !isText {
			return nil, fmt.Errorf("%v, expected text; put it in quotes", data)
		}
	case reflect.Bool:
		switch {
		case text == "true":
			return true, nil
		case text == "false":
			return false, nil
		case from.Kind() != reflect.Bool:
			return nil, fmt.Errorf("%v, expected true or false", data)
		}
	case reflect.Int:
		if isText {
			if n, err := strconv.Atoi(text); err == nil {
				return n, nil
			}
		} else if from.Kind() == reflect.Int || from.Kind() == reflect.Int64 {
			return data, nil
		}
		return nil, fmt.Errorf("%v, expected a whole number", data)
	case reflect.Float64:
		v := math.NaN()
		switch {
		case isText:
			if n, err := strconv.ParseFloat(text, 64); err == nil {
				v = n
			}
		case from.Kind() == reflect.Int || from.Kind() == reflect.Int64:
			v = float64(reflect.ValueOf(data).Int())
		case from.Kind() == reflect.Float64:
			v = reflect.ValueOf(data).Float()
		}
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("%v, expected a number", data)
		}
		return v, nil
	}
	return data, nil
}
