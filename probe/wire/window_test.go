package wire

import (
	"math"
	"math/rand/v2"
	"testing"
)

// slowWindow is a reference for Window that keeps everything in a map.
type slowWindow struct {
	seen              map[Seq]bool
	highest           Seq
	count, dup, stale uint64
}

func (w *slowWindow) known(s Seq) bool { return s <= w.highest && w.highest-s <= 1023 }

func (w *slowWindow) accept(s Seq) Fate {
	fresh := s > w.highest
	switch {
	case s == 0 || !fresh && !w.known(s):
		w.stale++
		return Stale
	case w.seen[s]:
		w.dup++
		return Duplicate
	}
	w.seen[s] = true
	w.count++
	if fresh {
		w.highest = s
		return Fresh
	}
	return Late
}

func (w *slowWindow) last64(s Seq) (out uint64) {
	for i := range 64 {
		if q := s - Seq(i); Seq(i) < s && w.known(q) && w.seen[q] {
			out |= 1 << i
		}
	}
	return out
}

// draw returns the next sequence number of a link that loses, duplicates,
// reorders, replays and sometimes fails for long.
func draw(r *rand.Rand, highest Seq) Seq {
	back := func(n uint64) Seq { return highest - min(highest, Seq(r.Uint64N(n))) }
	switch r.IntN(16) {
	case 0:
		return 0
	case 1, 2:
		return back(64) // duplicated or late
	case 3:
		return back(1100) // around the window's end
	case 4:
		return highest - min(highest, 1022+Seq(r.Uint64N(4)))
	case 5:
		return back(10_000) // a replay
	case 6:
		return highest + 1022 + Seq(r.Uint64N(4)) // a jump of about the window
	case 7:
		if r.IntN(20) == 0 {
			return highest + Seq(r.Uint64N(1<<20))
		}
		return highest + Seq(r.Uint64N(200))
	default:
		return highest + 1 + Seq(r.Uint64N(3))
	}
}

func TestWindowAgainstAMap(t *testing.T) {
	for seed := range uint64(4) {
		r := rand.New(rand.NewPCG(seed, 1))
		var w Window
		slow := slowWindow{seen: map[Seq]bool{}}
		passed := map[Seq]bool{}
		var fates [4]int
		for i := range 100_000 {
			s := draw(r, slow.highest)
			got, want := w.Accept(s), slow.accept(s)
			if got != want {
				t.Fatalf("seed %d, packet %d: %d below %d is %d, want %d", seed, i, s, slow.highest, got, want)
			}
			if got == Fresh || got == Late {
				if passed[s] {
					t.Fatalf("seed %d, packet %d: %d passed twice", seed, i, s)
				}
				passed[s] = true
			}
			fates[got]++
			q := s
			if i%3 == 0 {
				q = slow.highest + 70 - min(slow.highest+70, Seq(r.Uint64N(1300)))
			}
			if got, want := w.Last64(q), slow.last64(q); got != want {
				t.Fatalf("seed %d, packet %d: the 64 up to %d below %d are %064b, want %064b", seed, i, q, slow.highest, got, want)
			}
		}
		if w.Highest() != slow.highest || w.Count() != slow.count || w.Duplicates() != slow.dup || w.StaleCount() != slow.stale {
			t.Errorf("seed %d: highest %d count %d duplicates %d stale %d, want %d %d %d %d", seed,
				w.Highest(), w.Count(), w.Duplicates(), w.StaleCount(), slow.highest, slow.count, slow.dup, slow.stale)
		}
		for f, n := range fates {
			if n < 1000 {
				t.Errorf("seed %d: fate %d only %d times, the sequence tests too little of it", seed, f, n)
			}
		}
	}
}

func TestWindowZeroValue(t *testing.T) {
	var w Window
	if w.Highest() != 0 || w.Count() != 0 || w.Last64(0) != 0 || w.Last64(1) != 0 {
		t.Error("an empty window has seen something")
	}
	if f := w.Accept(0); f != Stale || w.StaleCount() != 1 || w.Count() != 0 {
		t.Errorf("sequence number 0 is %d, want stale", f)
	}
	if f := w.Accept(1); f != Fresh || w.Last64(1) != 1 {
		t.Errorf("the first packet is %d with window %b, want fresh and 1", f, w.Last64(1))
	}
}

func TestWindowEdges(t *testing.T) {
	type step struct {
		s    Seq
		want Fate
	}
	for _, c := range []struct {
		name  string
		steps []step
	}{
		{"in order", []step{{1, Fresh}, {2, Fresh}, {3, Fresh}}},
		{"again", []step{{5, Fresh}, {5, Duplicate}, {4, Late}, {4, Duplicate}, {5, Duplicate}}},
		{"the last number remembered", []step{{1, Fresh}, {1024, Fresh}, {1, Duplicate}, {2, Late}}},
		{"one too far behind", []step{{1, Fresh}, {1025, Fresh}, {1, Stale}, {2, Late}}},
		{"a jump of one window forgets all", []step{{7, Fresh}, {7 + 1024, Fresh}, {7, Stale}, {8, Late}}},
		{"a jump of one less keeps the last", []step{{7, Fresh}, {7 + 1023, Fresh}, {7, Duplicate}}},
		{"a slot used again is empty", []step{{10, Fresh}, {1030, Fresh}, {1040, Fresh}, {1034, Late}, {1034, Duplicate}}},
		{"the end of the numbers", []step{{math.MaxUint64, Fresh}, {math.MaxUint64, Duplicate}, {math.MaxUint64 - 1023, Late}, {math.MaxUint64 - 1024, Stale}, {1, Stale}, {0, Stale}}},
	} {
		var w Window
		for i, s := range c.steps {
			if got := w.Accept(s.s); got != s.want {
				t.Errorf("%s: step %d: %d is %d, want %d", c.name, i, s.s, got, s.want)
			}
		}
	}
}

func TestLast64(t *testing.T) {
	var w Window
	for _, s := range []Seq{1, 2, 4, 70} {
		w.Accept(s)
	}
	for _, c := range []struct {
		s    Seq
		want uint64
	}{
		{0, 0},
		{1, 0b1},
		{4, 0b1101},  // 4, 2, 1
		{5, 0b11010}, // 5 is missing
		{70, 1},      // 7 to 69 are missing
		{67, 1 << 63},
		{72, 0b100}, // 71 and 72 have not come yet
		{math.MaxUint64, 0},
	} {
		if got := w.Last64(c.s); got != c.want {
			t.Errorf("the 64 up to %d are %b, want %b", c.s, got, c.want)
		}
	}
	w.Accept(4 + 1023)
	if got := w.Last64(4); got != 1 {
		t.Errorf("at the window's end: %b, want 1: 4 is still known, 2 and 1 no longer", got)
	}
}
