package monitor

import "testing"

func TestLossesBeyondChance(t *testing.T) {
	for _, c := range []struct {
		name  string
		lost  []uint64 // of windows of fifty packets, the latest last
		want  bool
		share float64
	}{
		{"none", []uint64{0, 0, 0}, false, 0},
		{"one gap of a second in one window", []uint64{0, 0, 10}, false, 0},
		{"one gap of a second in two windows", []uint64{0, 5, 5}, false, 0},
		{"a tenth, in two windows", []uint64{5, 5}, false, 0},
		{"a tenth, in three windows", []uint64{5, 5, 5}, true, 0.1},
		{"a tenth, that has just begun", []uint64{0, 0, 0, 0, 0, 5, 5, 5}, true, 0.1},
		{"one in a hundred", []uint64{1, 0, 1, 0, 1, 0, 1, 0}, false, 0},
		{"twice that in some windows", []uint64{0, 2, 0, 2, 0, 2, 1, 1}, false, 0},
		{"six in a hundred for long", []uint64{3, 3, 3, 3, 3, 3, 3, 4}, true, 0.0625},
	} {
		var h LossHistory
		for _, n := range c.lost {
			h.Add(n, 50)
		}
		share, ok := h.Beyond(0.03)
		if ok != c.want || ok && (share < c.share-0.02 || share > c.share+0.02) {
			t.Errorf("%s: %v, %v; want %v, %v", c.name, share, ok, c.share, c.want)
		}
	}
	var h LossHistory
	for range 3 * LossWindows {
		h.Add(1, 50)
	}
	if len(h) != LossWindows {
		t.Errorf("%d windows are kept, want %d", len(h), LossWindows)
	}
}
