//go:build linux

package main

import (
	"slices"
	"testing"

	"examlink/probe/warning"
)

// Every fault says what it expects, and no two have the same name.
func TestFaults(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range faults() {
		if seen[f.name] || f.begin == nil || f.lasts <= 0 {
			t.Errorf("%q: twice, or without a beginning or a length", f.name)
		}
		seen[f.name] = true
		for _, e := range f.want {
			if !slices.Contains(warning.Kinds(), e.kind) || e.raised <= 0 || e.starts <= 0 {
				t.Errorf("%q: %+v", f.name, e)
			}
		}
	}
}
