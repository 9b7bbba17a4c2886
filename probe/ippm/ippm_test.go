package ippm

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/quick"
	"time"
)

const ms = time.Millisecond

// RFC 5481's own example, delays 20, 10, 20, 25, 20.
func TestVariationRFC5481(t *testing.T) {
	delays := []time.Duration{20 * ms, 10 * ms, 20 * ms, 25 * ms, 20 * ms}
	if got, want := IPDVOf(delays), []IPDV{IPDV(-10 * ms), IPDV(10 * ms), IPDV(5 * ms), IPDV(-5 * ms)}; !slices.Equal(got, want) {
		t.Errorf("IPDV = %v, want %v", got, want)
	}
	if got, want := PDVOf(delays), []PDV{PDV(10 * ms), 0, PDV(10 * ms), PDV(15 * ms), PDV(10 * ms)}; !slices.Equal(got, want) {
		t.Errorf("PDV = %v, want %v", got, want)
	}
}

func TestVariationIgnoresOffset(t *testing.T) {
	f := func(raw []int32, offset int64) bool {
		offset %= int64(time.Hour)
		a, b := make([]time.Duration, len(raw)), make([]time.Duration, len(raw))
		var ja, jb Jitter
		for i, r := range raw {
			a[i] = time.Duration(r)
			b[i] = a[i] + time.Duration(offset)
			ja.Add(a[i])
			jb.Add(b[i])
		}
		va, _ := ja.Value()
		vb, _ := jb.Value()
		return slices.Equal(IPDVOf(a), IPDVOf(b)) && slices.Equal(PDVOf(a), PDVOf(b)) && va == vb
	}
	if err := quick.Check(f, nil); err != nil {
		t.Error(err)
	}
}

// RFC 3550 A.8 computes the same recurrence; a steady |D| of 16 units leaves
// 1 unit after the first difference, then approaches 16.
func TestJitterRFC3550(t *testing.T) {
	var j Jitter
	if _, ok := j.Value(); ok {
		t.Error("jitter known before the second packet")
	}
	j.Add(0)
	j.Add(16)
	if v, _ := j.Value(); v != 1 {
		t.Errorf("after one difference of 16: %v, want 1", v)
	}
	for i := range 400 {
		j.Add(time.Duration(16 * (i % 2)))
	}
	if v, _ := j.Value(); v < 15 || v > 16 {
		t.Errorf("after many differences of 16: %v, want about 16", v)
	}
}

func TestLossRuns(t *testing.T) {
	var l LossRuns
	for _, c := range "..xx.x....xxx." {
		l.Add(c == 'x')
	}
	if l.Lost() != 6 || l.Received() != 8 || l.Runs() != 3 || l.Longest() != 3 {
		t.Errorf("lost %d received %d runs %d longest %d", l.Lost(), l.Received(), l.Runs(), l.Longest())
	}
	// p = 3 of 7 after a reception, r = 3 of 6 after a loss.
	got, ok := l.BurstRatio()
	if want := 1 / (3.0/7 + 3.0/6); !ok || math.Abs(got-want) > 1e-12 {
		t.Errorf("burst ratio %v, want %v", got, want)
	}
	if m, _ := l.MeanRun(); m != 2 {
		t.Errorf("mean run %v, want 2", m)
	}
	if _, ok := new(LossRuns).BurstRatio(); ok {
		t.Error("burst ratio of nothing is known")
	}
}

func TestBurstRatioOfIndependentLossIsOne(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var l LossRuns
	for range 200000 {
		l.Add(rng.Float64() < 0.05)
	}
	if r, _ := l.BurstRatio(); math.Abs(r-1) > 0.02 {
		t.Errorf("burst ratio %v, want 1", r)
	}
}

// RFC 4737, section 4.2.3's style: 1 2 3 7 8 9 4 5 6 has three reordered.
func TestReordering(t *testing.T) {
	var r Reordering
	for _, s := range []uint64{1, 2, 3, 7, 8, 9, 4, 5, 6, 10} {
		r.Add(s)
	}
	if r.Reordered() != 3 || r.MaxLag() != 5 {
		t.Errorf("reordered %d lag %d, want 3 and 5", r.Reordered(), r.MaxLag())
	}
}

func TestWilson(t *testing.T) {
	// Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662.
	low, high := Wilson(81, 263, 1.959964)
	if math.Abs(low-0.2553) > 5e-4 || math.Abs(high-0.3662) > 5e-4 {
		t.Errorf("interval %.4f to %.4f", low, high)
	}
	if low, high := Wilson(0, 0, 1.96); low != 0 || high != 1 {
		t.Errorf("nothing known reads %v to %v", low, high)
	}
	if low, _ := Wilson(0, 100, 1.96); low != 0 {
		t.Errorf("no loss of 100 has lower bound %v", low)
	}
}

func TestHistogramQuantiles(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var h Histogram
	var exact []time.Duration
	for range 20000 {
		d := time.Duration(rng.ExpFloat64() * float64(10*ms))
		h.Add(d)
		exact = append(exact, d)
	}
	slices.Sort(exact)
	for _, q := range []float64{0.01, 0.5, 0.9, 0.99, 0.999, 1} {
		got, ok := h.Quantile(q)
		want := exact[int(math.Ceil(q*float64(len(exact))))-1]
		if !ok || math.Abs(float64(got-want)) > 0.008*float64(want)+1 {
			t.Errorf("quantile %v = %v, want %v", q, got, want)
		}
	}
	var few Histogram
	for range 99 {
		few.Add(ms)
	}
	if _, ok := few.Quantile(0.99); ok {
		t.Error("99 values know their 99th percentile")
	}
	few.Add(ms)
	if d, ok := few.Quantile(0.99); !ok || d != ms {
		t.Errorf("100 values: %v %v", d, ok)
	}
}

func TestHistogramMergeIsAddition(t *testing.T) {
	f := func(a, b []uint32) bool {
		var x, y, all Histogram
		for _, v := range a {
			x.Add(time.Duration(v))
			all.Add(time.Duration(v))
		}
		for _, v := range b {
			y.Add(time.Duration(v))
			all.Add(time.Duration(v))
		}
		x.Merge(&y)
		mx, _ := x.Min()
		ma, _ := all.Min()
		qx, _ := x.Quantile(0.5)
		qa, _ := all.Quantile(0.5)
		return x.Count() == all.Count() && x.Sum() == all.Sum() && mx == ma && qx == qa
	}
	if err := quick.Check(f, nil); err != nil {
		t.Error(err)
	}
}

// RFC 8337's SPRT with p0 1 %, p1 4 %, alpha = beta = 0.05: 96 clean packets
// accept.
func TestLossSPRT(t *testing.T) {
	l := LossSPRT{P0: 0.01, P1: 0.04, Alpha: 0.05, Beta: 0.05}
	if d := l.Decide(0, 95); d != Undecided {
		t.Errorf("95 clean: %v", d)
	}
	if d := l.Decide(0, 96); d != Accept {
		t.Errorf("96 clean: %v", d)
	}
	if d := l.Decide(10, 100); d != Reject {
		t.Errorf("10 of 100: %v", d)
	}
}

func TestSPRTErrorRate(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	wrong, steps := 0, 0
	const runs = 4000
	for range runs {
		s := SPRT{Margin: 0.02, Error: 0.01}
		for s.Decision() == Undecided {
			s.Add(-0.02+0.05*rng.NormFloat64(), 0.05)
		}
		steps += s.Observations()
		if s.Decision() == Accept {
			wrong++
		}
	}
	if share := float64(wrong) / runs; share > 0.01 {
		t.Errorf("%.2f %% wrong after %.1f steps each, want at most 1 %%", share*100, float64(steps)/runs)
	}
}

func TestRateString(t *testing.T) {
	for r, want := range map[Rate]string{
		768e3: "0.768 Mbit/s", 1.5e6: "1.5 Mbit/s", 24.96e6: "25.0 Mbit/s", 384e3: "0.384 Mbit/s",
		Rate(math.NaN()): "unknown", 123.4e6: "123 Mbit/s", 6.144e6: "6.14 Mbit/s",
	} {
		if got := r.String(); got != want {
			t.Errorf("%v bit/s prints %q, want %q", float64(r), got, want)
		}
	}
}

// A path with a constant delay is measured as precisely as its timestamps,
// whatever the bucket width.
func TestHistogramReadsAConstantDelayClosely(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var h Histogram
	for range 1000 {
		h.Add(60*ms + time.Duration(rng.Int64N(int64(200*time.Microsecond))))
	}
	if d, ok := h.Quantile(0.5); !ok || (d-60*ms-100*time.Microsecond).Abs() > 20*time.Microsecond {
		t.Errorf("median %v, want 60.1ms", d)
	}
	var low Histogram
	low.Add(ms)
	h.Merge(&low)
	if d, _ := h.Min(); d != ms || h.Count() != 1001 {
		t.Errorf("after a merge from below: min %v of %d", d, h.Count())
	}
}
