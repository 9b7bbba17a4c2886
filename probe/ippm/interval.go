package ippm

import "math"

// Interval is a rate with its 95 % interval, in bit/s at the layer its owner
// names. Value is nil if only a bound is known, Low if nothing is, High if
// there is no upper end.
type Interval struct {
	Value *float64 `json:"bits_per_second"`
	Low   *float64 `json:"low_bits_per_second"`
	High  *float64 `json:"high_bits_per_second"`
}

// String formats the rate, or its bound.
func (i Interval) String() string {
	switch {
	case i.Value != nil:
		return Rate(*i.Value).String()
	case i.Low != nil:
		return "at least " + Rate(*i.Low).String()
	}
	return "unknown"
}

// Combined combines estimates of one rate by the inverse of their variances. The
// zero value is ready.
type Combined struct {
	sum, weight float64
	n           int
}

// Add adds an estimate in bit/s with its relative standard error, above 0.
func (c *Combined) Add(rate, stdErr float64) {
	w := 1 / (stdErr * stdErr)
	c.sum += math.Log(rate) * w
	c.weight += w
	c.n++
}

// Len returns the number of estimates.
func (c *Combined) Len() int { return c.n }

// Interval returns the combined rate and its relative standard error. It
// requires at least one estimate.
func (c *Combined) Interval() (i Interval, stdErr float64) {
	rate, stdErr := math.Exp(c.sum/c.weight), 1/math.Sqrt(c.weight)
	low, high := rate*(1-normal95*stdErr), rate*(1+normal95*stdErr)
	return Interval{Value: &rate, Low: &low, High: &high}, stdErr
}
