package watch

import (
	"math/rand/v2"
	"time"

	"examlink/probe/ippm"
)

// Chosen by us.
const (
	// budgetSpan is the time over which the byte budget is averaged.
	budgetSpan = time.Minute
	// A link that keeps showing ample room is tested less often: each good test
	// beyond ampleAfter in a row stretches the mean time between tests by
	// ampleStep, up to ampleMost.
	ampleAfter = 5
	ampleStep  = 0.2
	ampleMost  = 2.0
	// The time between two tests is drawn exponentially from half to two and a
	// half times the mean, so that periodic traffic cannot hide from the tests.
	scheduleLeast = 0.5
	scheduleMost  = 2.5
	// The pause before the next attempt to connect doubles up to backoffMost.
	backoffBase = 500 * time.Millisecond
	BackoffMost = 5 * time.Second
)

// floorInterval draws the time to the next scheduled floor test.
func floorInterval(rng *rand.Rand, mean time.Duration, goodInRow int) time.Duration {
	stretch := min(1+max(0, float64(goodInRow-ampleAfter))*ampleStep, ampleMost)
	f := min(scheduleLeast+rng.ExpFloat64()*(1-scheduleLeast), scheduleMost)
	return time.Duration(float64(mean) * stretch * f)
}

// glanceInterval draws the time to the next glance uniformly from 0.7 to 1.3 times
// the mean, so that a fall is noticed in time and periodic traffic cannot hide.
func glanceInterval(rng *rand.Rand, mean time.Duration) time.Duration {
	return time.Duration(float64(mean) * (0.7 + 0.6*rng.Float64()))
}

// budget is a byte budget that refills steadily up to a minute's worth.
type budget struct {
	perSecond float64
	limit     float64
	bytes     float64
	at        time.Duration
}

// newBudget returns a full budget of a share of a rate. It can always save up for
// one smallest test, however long that takes.
func newBudget(rate ippm.Rate, share float64, least int64, now time.Duration) budget {
	b := budget{perSecond: rate.BytesPerSecond() * share, at: now}
	b.bytes = b.perSecond * budgetSpan.Seconds()
	b.limit = max(b.bytes, float64(least))
	return b
}

// available returns the bytes that may be spent at now.
func (b *budget) available(now time.Duration) int64 {
	b.bytes = min(b.limit, b.bytes+b.perSecond*(now-b.at).Seconds())
	b.at = now
	return int64(b.bytes)
}

// spend subtracts bytes that were sent; the budget may go into debt.
func (b *budget) spend(n int64) { b.bytes -= float64(n) }

// share subtracts bytes of other traffic than tests, at most half of what the
// budget gains in the time in.
func (b *budget) share(n int64, in time.Duration) {
	b.bytes -= min(float64(n), b.perSecond*in.Seconds()/2)
}

// wait returns how long until n bytes are available.
func (b *budget) wait(now time.Duration, n int64) time.Duration {
	missing := float64(n) - float64(b.available(now))
	if missing <= 0 {
		return 0
	}
	return time.Duration(missing / b.perSecond * float64(time.Second))
}

// backoff draws the pause before the next attempt to connect: exponential with
// full jitter, so that many students do not come back at once.
func backoff(rng *rand.Rand, attempt int) time.Duration {
	d := min(backoffBase<<min(attempt, 10), BackoffMost)
	return d/2 + time.Duration(rng.Int64N(int64(d)/2+1))
}
