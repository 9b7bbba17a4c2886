package clock

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestTimerWaiterWaitsForItsOwnClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFakeCounter(10_000_000)
		c := &System{base: time.Now(), fine: newCounterClock(f)}
		var wg sync.WaitGroup
		wg.Go(func() { // a counter that package time runs ahead of
			for range 12 {
				time.Sleep(ms)
				c.fine.mu.Lock()
				f.run(900 * time.Microsecond)
				c.fine.mu.Unlock()
			}
		})
		const at = 9 * ms
		if err := NewTimerWaiter(c).Wait(t.Context(), at); err != nil || c.Now() != at {
			t.Errorf("woke at %v, want %v: %v", c.Now(), at, err)
		}
		wg.Wait()
	})
}
