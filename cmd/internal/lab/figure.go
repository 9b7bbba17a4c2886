//go:build linux

package main

import (
	"cmp"
	"fmt"
)

// boundMargin is how far a bound may be above the truth without being wrong.
// Chosen by us.
const boundMargin = 0.02

// figure is what a tool reports of one direction, in Mbit/s at the IP layer.
type figure struct {
	Value   *float64 `json:"value"`    // nil: none
	AtLeast *float64 `json:"at_least"` // the bound, if that is all
	Why     string   `json:"why,omitempty"`
}

// rateFigures are a tool's figures of a link.
type rateFigures struct {
	Down figure `json:"down"`
	Up   figure `json:"up"`
}

func mbit(bps float64) *float64 {
	v := bps / 1e6
	return &v
}

// bound reports whether the figure is a bound and was meant to be no more.
func (f figure) bound() bool { return f.Value == nil && f.AtLeast != nil && f.Why == "" }

// off returns the relative error; ok is false when there is none. A bound is
// wrong only when it is above the truth.
func (f figure) off(truth float64) (e float64, ok bool) {
	switch {
	case f.Value != nil:
		return *f.Value/truth - 1, true
	case f.AtLeast != nil && *f.AtLeast > truth*(1+boundMargin):
		return *f.AtLeast/truth - 1, true
	}
	return 0, false
}

// String returns the figure as the tables show it.
func (f figure) String() string {
	switch {
	case f.Value != nil:
		return fmt.Sprintf("%.4f", *f.Value)
	case f.bound():
		return fmt.Sprintf(">=%.1f", *f.AtLeast)
	}
	return "-"
}

// why returns the reasons for figures that are absent.
func (r rateFigures) why() string {
	s := ""
	for _, x := range []struct {
		name string
		f    figure
	}{{"down", r.Down}, {"up", r.Up}} {
		if x.f.Value == nil && !x.f.bound() {
			s += fmt.Sprintf("  %s: %s", x.name, cmp.Or(x.f.Why, "no reason given"))
		}
	}
	return s
}
