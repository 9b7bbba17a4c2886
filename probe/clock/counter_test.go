package clock

import (
	"math"
	"math/big"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// frequencies found in the field: Windows 10 and later, ARM's generic timer, the ACPI
// timer, and a count of nanoseconds.
var frequencies = []int64{10_000_000, 24_000_000, 3_579_545, 1_000_000_000}

func TestTickTimeIsExact(t *testing.T) {
	const year = 365 * 24 * 3600
	rng := rand.New(rand.NewPCG(1, 2))
	for _, f := range frequencies {
		for _, ticks := range []int64{0, 1, 2, f - 1, f, f + 1, 3600 * f, year*f - 1, 9 * year * f, rng.Int64N(9 * year * f), rng.Int64N(9 * year * f)} {
			want := new(big.Int).Mul(big.NewInt(ticks), big.NewInt(1e9))
			want.Quo(want, big.NewInt(f))
			if got := tickTime(ticks, f); !want.IsInt64() || int64(got) != want.Int64() {
				t.Errorf("%d ticks at %d Hz: %d ns, want %v", ticks, f, got, want)
			}
		}
		for ticks := 5 * year * f; ticks < 5*year*f+100; ticks++ {
			if was, is := tickTime(ticks, f), tickTime(ticks+1, f); is < was {
				t.Errorf("%d Hz: back from %v to %v", f, was, is)
			}
		}
	}
	for _, c := range []struct {
		ticks, frequency int64
		want             time.Duration
	}{
		{-1, 24_000_000, 0},
		{math.MaxInt64, 1_000_000_000, math.MaxInt64},
		{math.MaxInt64, 999_999_999, math.MaxInt64}, // a quotient of more than 63 bits
		{math.MaxInt64, 1, math.MaxInt64},           // one of more than 64
	} {
		if got := tickTime(c.ticks, c.frequency); got != c.want {
			t.Errorf("%d ticks at %d Hz: %v, want %v", c.ticks, c.frequency, got, c.want)
		}
	}
}

const timerTick = 15_625 * time.Microsecond

// fakeCounter is a performance counter after years of uptime.
type fakeCounter struct {
	hertz int64
	ran   time.Duration // counted time
	awake time.Duration // working time
	hold  time.Duration // how long the next reader is delayed after its count
}

func newFakeCounter(hertz int64) *fakeCounter {
	const uptime = 3 * 365 * 24 * time.Hour
	return &fakeCounter{hertz: hertz, ran: uptime, awake: uptime / 2}
}

func (f *fakeCounter) frequency() int64      { return f.hertz }
func (f *fakeCounter) worked() time.Duration { return f.awake.Truncate(timerTick) }
func (f *fakeCounter) run(d time.Duration)   { f.ran += d; f.awake += d }

func (f *fakeCounter) read() int64 {
	n := new(big.Int).Mul(big.NewInt(int64(f.ran)), big.NewInt(f.hertz))
	f.run(f.hold)
	f.hold = 0
	return n.Quo(n, big.NewInt(1e9)).Int64()
}

func TestCounterClockCountsExactlyForYears(t *testing.T) {
	for _, hertz := range frequencies {
		f := newFakeCounter(hertz)
		k := newCounterClock(f)
		tick := time.Duration(1e9/hertz + 1)
		var ran time.Duration
		for _, d := range []time.Duration{0, 40 * time.Microsecond, 7 * ms, 300 * ms, time.Second, time.Hour, 20_000 * time.Hour, ms} {
			f.run(d)
			ran += d
			if got := k.now(); (got - ran).Abs() > tick {
				t.Errorf("%d Hz: %v after %v", hertz, got, ran)
			}
		}
	}
}

func TestCounterClockLeavesOutSleep(t *testing.T) {
	for _, c := range []struct {
		name        string
		ran, worked time.Duration // during the event
		want        time.Duration // how far now advances
	}{
		{"counter goes on in sleep", 8 * time.Hour, 0, 0},
		{"counter stands still in sleep", 0, 0, 0},
		{"a second's sleep", time.Second, 0, 0},
		{"work and sleep unseen", 70 * time.Minute, 10 * time.Minute, 10 * time.Minute},
		{"drift of 100 ppm", time.Hour + 360*ms, time.Hour, time.Hour + 360*ms},
		{"stall", 20 * time.Second, 20 * time.Second, 20 * time.Second},
	} {
		f := newFakeCounter(10_000_000)
		k := newCounterClock(f)
		f.run(time.Second)
		before := k.now()
		f.ran += c.ran
		f.awake += c.worked
		after := k.now()
		if d := after - before - c.want; after < before || d.Abs() > timerTick {
			t.Errorf("%s: advanced %v, want %v", c.name, after-before, c.want)
		}
		f.run(40 * ms)
		if d := k.now() - after; d != 40*ms {
			t.Errorf("%s: then advanced %v, want 40ms", c.name, d)
		}
	}
}

func TestCounterClockIsNotFooledByHeldReaders(t *testing.T) {
	f := newFakeCounter(10_000_000)
	k := newCounterClock(f)
	f.run(time.Second)
	f.hold = 30 * time.Second // between the count and the working time
	if got := k.now(); got != time.Second {
		t.Errorf("held up: %v, want 1s", got)
	}
	if got := k.now(); got != 31*time.Second {
		t.Errorf("after it: %v, want 31s", got)
	}
	// The timer interrupt itself comes late: the working time pauses, then catches
	// up.
	f.ran += 2 * time.Second
	if got := k.now(); got != 31*time.Second {
		t.Errorf("working time late: %v, want 31s", got)
	}
	f.awake += 2 * time.Second
	if got := k.now(); (got - 33*time.Second).Abs() > timerTick {
		t.Errorf("working time caught up: %v, want 33s", got)
	}
}

func TestCounterClockNeverGoesBack(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	f := newFakeCounter(3_579_545)
	k := newCounterClock(f)
	last := time.Duration(0)
	for i := range 20_000 {
		f.run(time.Duration(rng.ExpFloat64() * float64(30*ms)))
		switch rng.IntN(40) {
		case 0:
			f.ran += time.Duration(rng.ExpFloat64() * float64(time.Second))
		case 1:
			f.awake += time.Duration(rng.ExpFloat64() * float64(300*ms))
		case 2:
			f.hold = time.Duration(rng.ExpFloat64() * float64(300*ms))
		case 3: // a counter that decreases
			f.ran -= time.Duration(rng.ExpFloat64() * float64(100*ms))
		}
		now := k.now()
		if now < last {
			t.Fatalf("reading %d: back from %v to %v", i, last, now)
		}
		last = now
	}
}

func TestCounterClockServesManyAtOnce(t *testing.T) {
	k := newCounterClock(newFakeCounter(24_000_000))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 100 {
				k.now()
			}
		})
	}
	wg.Wait()
}

// sleepyClock is System's clock on a system with a counter, with Awake's beside it.
type sleepyClock struct {
	fakeClock
	fine *counterClock
}

func (s *sleepyClock) Now() time.Duration { return s.fine.now() }

func TestSuspendShowsWhateverTheCounterDoes(t *testing.T) {
	for _, goesOn := range []bool{true, false} {
		f := newFakeCounter(10_000_000)
		c := &sleepyClock{fakeClock{wall: time.Unix(1e9, 0), boot: true}, newCounterClock(f)}
		var d Divergence
		sleep := time.Duration(0)
		for second, want := range []Event{Steady, Steady, Suspended, Steady, Steady} {
			f.run(time.Second)
			c.run(time.Second)
			if want == Suspended {
				sleep = 10 * time.Minute
				c.run(sleep)
				if goesOn {
					f.ran += sleep
				}
			}
			got, amount := d.Look(c, time.Second)
			if got != want || want == Suspended && (amount-sleep).Abs() > timerTick {
				t.Errorf("counter goes on %v, second %d: %v of %v, want %v", goesOn, second, got, amount, want)
			}
		}
	}
}

func TestFromWallAgreesWithNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeCounter(10_000_000)
		fine := &System{base: time.Now(), fine: newCounterClock(f)}
		f.run(5 * time.Second)
		plain := &System{base: time.Now().Add(-5 * time.Second)}
		for _, c := range []*System{fine, plain} {
			for _, s := range []struct{ ago, want time.Duration }{
				{0, 5 * time.Second},
				{3 * ms, 5*time.Second - 3*ms},
				{-ms, 5 * time.Second},
				{time.Hour, 5 * time.Second},
			} {
				if got := c.FromWall(c.Wall().Add(-s.ago)); got != s.want {
					t.Errorf("counter %v, a stamp of %v ago: %v, want %v", c.fine != nil, s.ago, got, s.want)
				}
			}
			if got := c.Now(); got != 5*time.Second {
				t.Errorf("counter %v: now %v, want 5s", c.fine != nil, got)
			}
		}
	})
}
