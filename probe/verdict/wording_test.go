package verdict

import (
	"slices"
	"testing"
)

func TestFormatRoundsBeforeItChoosesTheUnit(t *testing.T) {
	for v, want := range map[float64]string{0.9994: "999 ms", 0.9996: "1 s", 0.0012345: "1.23 ms", 1.5: "1.5 s"} {
		if got := Format(v, "s"); got != want {
			t.Errorf("Format(%v) = %q, want %q", v, got, want)
		}
	}
}

func TestEveryCriterionHasAName(t *testing.T) {
	for _, c := range Criteria() {
		if c.Name() == "" {
			t.Errorf("%s has no name", c)
		}
	}
}

func TestWorstFirst(t *testing.T) {
	r := []Reason{
		{Criterion: Upload, AgainstMin: Met, AgainstRec: Met}, {Criterion: Outage, AgainstMin: Met, AgainstRec: Missed},
		{Criterion: LossUp, AgainstMin: Unclear, AgainstRec: Unclear}, {Criterion: Download, AgainstMin: Missed, AgainstRec: Missed},
	}
	var got []Criterion
	for _, x := range WorstFirst(r) {
		got = append(got, x.Criterion)
	}
	if want := []Criterion{Download, LossUp, Outage, Upload}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
