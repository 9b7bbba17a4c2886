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

// kind is how a value is written. Durations, rates and sizes need their unit: a
// bare number would silently mean nanoseconds, bits or bytes.
type kind struct {
	expected string
	ordered  bool                     // it can have bounds
	parse    func(string) (any, bool) // for the environment and flags, which are text
	take     func(any) (any, bool)    // for a value decoded from YAML; nil: only text is accepted
	format   func(reflect.Value) string
}

// The kinds.
var (
	duration = &kind{
		expected: `a duration with its unit, such as "100ms"`, ordered: true,
		parse:  func(s string) (any, bool) { d, err := time.ParseDuration(s); return d, err == nil },
		format: func(v reflect.Value) string { return time.Duration(v.Int()).String() },
	}
	rate = &kind{
		expected: `a rate with its unit, such as "768kbit/s" or "1.5Mbit/s"`, ordered: true,
		parse:  func(s string) (any, bool) { r, ok := ParseRate(s); return r, ok },
		format: func(v reflect.Value) string { return FormatRate(ippm.Rate(v.Float())) },
	}
	size = &kind{
		expected: `a size with its unit, such as "500kB" or "10MB"`, ordered: true,
		parse:  func(s string) (any, bool) { n, ok := ParseSize(s); return n, ok },
		format: func(v reflect.Value) string { return FormatSize(v.Int()) },
	}
	text = &kind{
		expected: "text; put it in quotes",
		parse:    func(s string) (any, bool) { return s, true },
		format:   func(v reflect.Value) string { return v.String() },
	}
	truth = &kind{
		expected: "true or false",
		parse:    func(s string) (any, bool) { return s == "true", s == "true" || s == "false" },
		take:     func(x any) (any, bool) { b, ok := x.(bool); return b, ok },
		format:   func(v reflect.Value) string { return strconv.FormatBool(v.Bool()) },
	}
	whole = &kind{
		expected: "a whole number", ordered: true,
		parse:  func(s string) (any, bool) { n, err := strconv.Atoi(s); return n, err == nil },
		take:   func(x any) (any, bool) { n, ok := x.(int); return n, ok },
		format: func(v reflect.Value) string { return strconv.FormatInt(v.Int(), 10) },
	}
	decimal = &kind{
		expected: "a number", ordered: true,
		parse: func(s string) (any, bool) { x, err := strconv.ParseFloat(s, 64); return x, err == nil && finite(x) },
		take: func(x any) (any, bool) {
			if v := reflect.ValueOf(x); v.CanInt() || v.CanFloat() {
				return number(v), finite(number(v))
			}
			return nil, false
		},
		format: func(v reflect.Value) string { return strconv.FormatFloat(v.Float(), 'g', -1, 64) },
	}
)

// read converts data of the file, the environment, a flag or a tag to a value.
func (k *kind) read(data any) (any, error) {
	s, isText := data.(string)
	var x any
	ok := false
	switch {
	case isText:
		x, ok = k.parse(s)
	case k.take != nil:
		x, ok = k.take(data)
	}
	if !ok {
		return nil, fmt.Errorf("%s, expected %s", show(data), k.expected)
	}
	return x, nil
}

// number is a value as its bounds see it.
func number(v reflect.Value) float64 {
	if v.CanInt() {
		return float64(v.Int())
	}
	return v.Float()
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// unit is a factor by its name.
type unit struct {
	name   string
	factor float64
}

// Units, largest first.
var (
	rateUnits = []unit{{"Gbit/s", 1e9}, {"Mbit/s", 1e6}, {"kbit/s", 1e3}, {"bit/s", 1}}
	sizeUnits = []unit{{"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1}}
)

// FormatRate prints a rate as it is written in the file, so that reading it
// gives the same rate again.
func FormatRate(r ippm.Rate) string {
	for _, u := range rateUnits {
		if v := float64(r) / u.factor; v >= 1 && v*u.factor == float64(r) {
			return strconv.FormatFloat(v, 'f', -1, 64) + u.name
		}
	}
	return strconv.FormatFloat(float64(r), 'f', -1, 64) + "bit/s"
}

// FormatSize prints a number of bytes as it is written in the file.
func FormatSize(n int64) string {
	for _, u := range sizeUnits {
		if f := int64(u.factor); n >= f && n%f == 0 {
			return strconv.FormatInt(n/f, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10) + "B"
}

// ParseRate reads a rate with its unit.
func ParseRate(s string) (ippm.Rate, bool) {
	v, ok := parseUnits(s, rateUnits)
	return ippm.Rate(v), ok
}

// ParseSize reads a number of bytes with its unit.
func ParseSize(s string) (int64, bool) {
	v, ok := parseUnits(s, sizeUnits)
	if !ok || v >= math.MaxInt64 {
		return 0, false
	}
	return int64(v), true
}

func parseUnits(s string, units []unit) (float64, bool) {
	t := strings.TrimSpace(s)
	i := strings.IndexFunc(t, func(r rune) bool { return r != '.' && r != '-' && r != '+' && (r < '0' || r > '9') })
	if i <= 0 {
		return 0, false
	}
	v, err := strconv.ParseFloat(t[:i], 64)
	name := strings.TrimSpace(t[i:])
	for _, u := range units {
		if u.name == name {
			v *= u.factor
			return v, err == nil && v >= 0 && !math.IsInf(v, 0)
		}
	}
	return 0, false
}
