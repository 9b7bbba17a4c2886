package ratetest

import "testing"

// A single reading is not reported as the rate, whether the only one or one of several
// that contradict each other.
func TestOneReadingIsNotTold(t *testing.T) {
	proved := 5e6
	for _, c := range []struct {
		name  string
		rates []float64
		told  bool
	}{
		{"none", nil, false},
		{"one", []float64{2868e6}, false},
		{"two that contradict each other", []float64{10e6, 30e6}, false},
		{"two that agree", []float64{10e6, 10.1e6}, true},
		{"two that agree and one that does not", []float64{2868e6, 10e6, 10.1e6}, true},
	} {
		var r readings
		for _, x := range c.rates {
			r.add(x, 0.002)
		}
		got := r.conclude(Capacity{}, &proved)
		if (got.Rate.Value != nil) != c.told {
			t.Errorf("%s: %+v, want it to be told: %v", c.name, got.Rate, c.told)
		}
		if got.Rate.Value != nil && (*got.Rate.Value < 10e6 || *got.Rate.Value > 10.1e6) {
			t.Errorf("%s: %v", c.name, *got.Rate.Value)
		}
		if len(c.rates) == 1 && got.Why == "" {
			t.Errorf("%s: no reason given", c.name)
		}
	}
}
