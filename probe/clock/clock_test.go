package clock

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

const ms = time.Millisecond

// exchange simulates one probe at student time t with the given one-way delays
// against a server whose clock is ahead by offset and gains skew.
func exchange(t, up, down, offset time.Duration, skew float64) Exchange {
	server := func(x time.Duration) time.Duration { return x + offset + time.Duration(skew*float64(x)) }
	const turn = 100 * time.Microsecond
	return Exchange{T1: t, T2: server(t + up), T3: server(t + up + turn), T4: t + up + turn + down}
}

func TestRoundTripLeavesOutProcessing(t *testing.T) {
	e := Exchange{T1: 10 * ms, T2: 1000 * ms, T3: 1040 * ms, T4: 80 * ms}
	if got := e.RoundTrip(); got != 30*ms {
		t.Errorf("round-trip delay %v, want 30ms", got)
	}
}

func TestOffsetHoldsItsBound(t *testing.T) {
	for _, skew := range []float64{0, 50e-6, -100e-6} {
		rng := rand.New(rand.NewPCG(1, 2))
		var o Offset
		bad, n := 0, 0
		for i := range 3000 {
			at := time.Duration(i) * 100 * ms
			up := 10*ms + time.Duration(rng.ExpFloat64()*float64(5*ms))
			down := 25*ms + time.Duration(rng.ExpFloat64()*float64(5*ms))
			e := exchange(at, up, down, -7*time.Second, skew)
			o.Add(e)
			w, ok := o.Split(e)
			if !ok {
				t.Fatal("no split after an exchange")
			}
			n++
			if (w.Up-up).Abs() > w.Bound || (w.Down-down).Abs() > w.Bound {
				bad++
			}
		}
		if bad*100 > n {
			t.Errorf("skew %v: outside the bound %d of %d times", skew, bad, n)
		}
		if skew != 0 {
			if got, ok := o.Skew(); !ok || got/skew < 0.8 || got/skew > 1.2 {
				t.Errorf("skew %v estimated as %v", skew, got)
			}
		}
	}
}

type fakeClock struct {
	mono, awake time.Duration
	wall        time.Time
	boot        bool
}

func (f *fakeClock) Now() time.Duration           { return f.mono }
func (f *fakeClock) Wall() time.Time              { return f.wall }
func (f *fakeClock) Awake() (time.Duration, bool) { return f.awake, f.boot }
func (f *fakeClock) run(d time.Duration)          { f.mono += d; f.awake += d; f.wall = f.wall.Add(d) }

func TestDivergence(t *testing.T) {
	const every = time.Second
	for _, c := range []struct {
		name   string
		boot   bool
		happen func(*fakeClock)
		want   Event
		amount time.Duration
	}{
		{"nothing", true, func(*fakeClock) {}, Steady, 0},
		{"slewing", true, func(f *fakeClock) { f.wall = f.wall.Add(ms) }, Steady, 0},
		{"suspend", true, func(f *fakeClock) { f.awake += 60 * every; f.wall = f.wall.Add(60 * every) }, Suspended, 60 * every},
		{"suspend, no boot clock", false, func(f *fakeClock) { f.wall = f.wall.Add(60 * every) }, Suspended, 60 * every},
		{"step ahead", true, func(f *fakeClock) { f.wall = f.wall.Add(3600 * every) }, Stepped, 3600 * every},
		{"step back", false, func(f *fakeClock) { f.wall = f.wall.Add(-3600 * every) }, Stepped, -3600 * every},
		{"stall", true, func(f *fakeClock) { f.run(20 * every) }, Stalled, 20 * every},
	} {
		f := &fakeClock{wall: time.Unix(1e9, 0), boot: c.boot}
		var d Divergence
		d.Look(f, every)
		f.run(every)
		c.happen(f)
		if got, amount := d.Look(f, every); got != c.want || amount != c.amount && got != Steady {
			t.Errorf("%s: %v of %v, want %v of %v", c.name, got, amount, c.want, c.amount)
		}
		f.run(every)
		if got, _ := d.Look(f, every); got != Steady {
			t.Errorf("%s: %v again a second later", c.name, got)
		}
	}
}

func TestTimerWaiterIsExactInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &System{base: time.Now()} // package time's on every system
		w := NewTimerWaiter(c)
		if err := w.Wait(t.Context(), 70*ms); err != nil || c.Now() != 70*ms {
			t.Errorf("woke at %v: %v", c.Now(), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*ms)
		defer cancel()
		if err := w.Wait(ctx, time.Hour); err == nil || c.Now() != 80*ms {
			t.Errorf("cancelled at %v: %v", c.Now(), err)
		}
	})
}

func TestWaiterNeverWakesEarlyAndObeysItsContext(t *testing.T) {
	c := NewSystem()
	w, err := NewWaiter(c)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for range 5 {
		at := c.Now() + 2*ms
		if err := w.Wait(t.Context(), at); err != nil {
			t.Fatal(err)
		}
		if now := c.Now(); now < at {
			t.Errorf("woke %v early", at-now)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(5*ms, cancel)
	if err := w.Wait(ctx, c.Now()+time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled wait: %v", err)
	}
	if err := w.Wait(t.Context(), c.Now()+ms); err != nil {
		t.Errorf("wait after a cancelled one: %v", err)
	}
}
