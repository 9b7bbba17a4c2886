//go:build linux

package stage

import (
	"testing"
	"time"

	"examlink/probe/record"
)

func TestHoles(t *testing.T) {
	noon := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	after := func(seconds float64) time.Time { return noon.Add(time.Duration(seconds * float64(time.Second))) }
	minute := func(from, to float64) record.Line {
		return record.Line{Minute: &record.Minute{From: record.At(after(from)), To: record.At(after(to))}}
	}
	gap := func(from, to float64, c record.Cause) record.Line {
		return record.Line{Gap: &record.Gap{From: record.At(after(from)), To: record.At(after(to)), Cause: c}}
	}
	for _, c := range []struct {
		name  string
		lines []record.Line
		want  int
	}{
		{"minutes that meet", []record.Line{minute(0, 60), minute(60, 120)}, 0},
		{"a second between them", []record.Line{minute(0, 60), minute(61, 120)}, 0},
		{"two seconds between them", []record.Line{minute(0, 60), minute(62, 120)}, 1},
		{"a gap recorded before the minute around it", []record.Line{gap(70, 80, record.Network), minute(0, 60), minute(60, 120)}, 0},
		{"a gap between two minutes", []record.Line{minute(0, 60), gap(60, 100, record.Network), minute(100, 160)}, 0},
		{"the clock set ahead", []record.Line{minute(0, 60), gap(60, 3660, record.ClockStep), minute(3660, 3720)}, 0},
		{"the clock set back", []record.Line{minute(3600, 3660), gap(3660, 60, record.ClockStep), minute(60, 120), minute(125, 130)}, 1},
	} {
		var got WatchRecord
		for _, l := range c.lines {
			got.add(l)
		}
		got.findHoles()
		if len(got.Holes) != c.want {
			t.Errorf("%s: %v, want %d holes", c.name, got.Holes, c.want)
		}
	}
}
