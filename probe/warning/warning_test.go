package warning

import (
	"testing"
	"time"
)

var zero = time.Unix(1e9, 0).UTC()

func at(s int) time.Time { return zero.Add(time.Duration(s) * time.Second) }

// play feeds one observation a second: g good, f fair, b bad, D decisive, ?
// unknown. It returns when warnings were raised and cleared.
func play(tr *Tracker, levels string) (raised, cleared []int, last Warning) {
	for i, c := range levels {
		l := map[rune]Level{'g': Good, 'f': Fair, 'b': Bad, 'D': Decisive, '?': Unknown}[c]
		if w, changed := tr.Observe(Observation{At: at(i), Level: l}); changed {
			last = w
			if w.Active() {
				raised = append(raised, i)
			} else {
				cleared = append(cleared, i)
			}
		}
	}
	return raised, cleared, last
}

func TestTracker(t *testing.T) {
	rule := Rule{Raise: 2, Of: 3, Clear: 3, Rejoin: 10 * time.Second}
	for _, c := range []struct {
		levels          string
		raised, cleared []int
		episodes        int
		start, end      int
	}{
		{levels: "gggggg"},
		{levels: "ggbggggg"},   // one bad test is not a warning
		{levels: "ggb?gggggg"}, // unknown neither raises nor clears
		{levels: "ggbbggg", raised: []int{3}, cleared: []int{6}, episodes: 1, start: 2, end: 4},
		{levels: "gbgbgggg", raised: []int{3}, cleared: []int{6}, episodes: 1, start: 1, end: 4},
		{levels: "ggDggg", raised: []int{2}, cleared: []int{5}, episodes: 1, start: 2, end: 3},
		{levels: "Dggbggg", raised: []int{0}, cleared: []int{6}, episodes: 1, start: 0, end: 4},
		{levels: "Dffffff", raised: []int{0}, cleared: []int{6}, episodes: 1, start: 0, end: 1}, // fair counts half
		{levels: "DgggDggg", raised: []int{0, 4}, cleared: []int{3, 7}, episodes: 2, start: 0, end: 5},
		{levels: "Dgggggggggggggggggggg" + "Dggg", raised: []int{0, 21}, cleared: []int{3, 24}, episodes: 1, start: 21, end: 22},
	} {
		raised, cleared, last := play(NewTracker(Loss, "s", rule), c.levels)
		if !equal(raised, c.raised) || !equal(cleared, c.cleared) {
			t.Errorf("%s: raised %v cleared %v, want %v %v", c.levels, raised, cleared, c.raised, c.cleared)
			continue
		}
		if len(raised) > 0 && (last.Episodes != c.episodes || !last.Start.Equal(at(c.start)) || !last.End.Equal(at(c.end))) {
			t.Errorf("%s: %+v", c.levels, last)
		}
		if want := map[bool]time.Time{true: at(4)}[c.episodes > 1]; len(raised) > 0 && !last.Since.Equal(want) {
			t.Errorf("%s: the latest episode since %v, want %v", c.levels, last.Since, want)
		}
	}
}

func equal(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestSuspectAsksForAnotherLook(t *testing.T) {
	tr := NewTracker(DownloadBelowMinimum, "s", Rule{Raise: 2, Of: 3, Clear: 3})
	play(tr, "g")
	if tr.Suspect() {
		t.Error("suspect after a good test")
	}
	play(tr, "b")
	if !tr.Suspect() {
		t.Error("not suspect after a bad test")
	}
	play(tr, "b")
	if _, active := tr.Active(); tr.Suspect() || !active {
		t.Error("a raised warning is still only suspected")
	}
}

func TestCloseLeavesTheEndUnknown(t *testing.T) {
	tr := NewTracker(Loss, "s", Rule{Raise: 1, Of: 1, Clear: 3})
	play(tr, "b")
	w, ok := tr.Close(at(9))
	if !ok || !w.End.IsZero() || w.Active() {
		t.Errorf("%+v %v", w, ok)
	}
}

func TestEveryKindHasWords(t *testing.T) {
	for _, k := range Kinds() {
		if k.Title() == string(k) {
			t.Errorf("%s has no title", k)
		}
	}
}
