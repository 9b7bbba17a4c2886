package clock

import (
	"testing"
	"time"
)

// stopped is a clock whose reader is stopped before a given reading.
type stopped struct {
	at    time.Duration
	reads int
	stop  map[int]time.Duration
}

func (c *stopped) tick() time.Duration {
	c.reads++
	c.at += c.stop[c.reads]
	return c.at
}

func (c *stopped) Now() time.Duration           { return c.tick() }
func (c *stopped) Wall() time.Time              { return time.Unix(1e9, 0).Add(c.tick()) }
func (c *stopped) Awake() (time.Duration, bool) { return c.tick(), true }

// A process stopped between two readings of its clocks was not asleep, and its clock
// was not set.
func TestStoppedBetweenReadings(t *testing.T) {
	for read := 1; read <= 8; read++ {
		c := &stopped{stop: map[int]time.Duration{}}
		var d Divergence
		d.Look(c, time.Second)
		c.at += time.Second
		c.stop[c.reads+read] = 870 * time.Millisecond
		if e, amount := d.Look(c, time.Second); e != Steady {
			t.Errorf("stopped before reading %d: %v by %v", read, e, amount)
		}
		c.at += time.Second
		if e, amount := d.Look(c, time.Second); e != Steady {
			t.Errorf("stopped before reading %d, a second later: %v by %v", read, e, amount)
		}
	}
}
