package netsim

import (
	"testing"
	"testing/synctest"
	"time"
)

// While a host's programs are stopped its clocks stand still for them;
// afterwards all have advanced, except the monotonic one after a suspend.
func TestClockFreezes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := NewClock(time.Hour, 0)
		start := c.Wall()
		read := func(what string, mono, awake, wall time.Duration) {
			t.Helper()
			a, _ := c.Awake()
			if m, w := c.Now()-time.Hour, c.Wall().Sub(start); m != mono || a-time.Hour != awake || w != wall {
				t.Errorf("%s: monotonic %v, awake %v, wall %v, want %v, %v, %v", what, m, a-time.Hour, w, mono, awake, wall)
			}
		}
		const s = time.Second
		time.Sleep(s)
		c.Freeze()
		time.Sleep(20 * s)
		read("stopped", s, s, s)
		c.Thaw()
		read("continued", 21*s, 21*s, 21*s)
		time.Sleep(s)
		c.Freeze()
		time.Sleep(60 * s)
		read("asleep", 22*s, 22*s, 22*s)
		c.Wake()
		read("awake", 22*s, 82*s, 82*s)
		c.Step(-time.Hour)
		time.Sleep(s)
		read("a second later", 23*s, 83*s, 83*s-time.Hour)
	})
}
