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
		{5, 50, 0.03, 1 - (math.Pow(.97, 50) + 50*.03*math.Pow(.97, 49) + 1225*math.Pow(.03, 2)*math.Pow(.97, 48) +
			19600*math.Pow(.03, 3)*math.Pow(.97, 47) + 230300*math.Pow(.03, 4)*math.Pow(.97, 46))},
	} {
		if got := BinomialTail(c.k, c.n, c.p); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%d or more of %d at %g: %g, want %g", c.k, c.n, c.p, got, c.want)
		}
	}
}
