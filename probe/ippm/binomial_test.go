package ippm

import (
	"math"
	"testing"
)

func TestBinomialTail(t *testing.T) {
	for _, c := range []struct {
		k, n uint64
		p    float64
		want float64
	}{
		{0, 10, 0.5, 1},
		{11, 10, 0.5, 0},
		{1, 1, 0.25, 0.25},
		{2, 2, 0.5, 0.25},
		{1, 2, 0.5, 0.75},
		{8, 10, 0.5, 56.0 / 1024},
		{5, 50, 0.03, 0.016810645355952}, // one less the sum of the first five terms
	} {
		if got := BinomialTail(c.k, c.n, c.p); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%d or more of %d at %g: %g, want %g", c.k, c.n, c.p, got, c.want)
		}
	}
}
