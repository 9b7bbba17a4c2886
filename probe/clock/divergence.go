package clock

import "time"

// Event is an event of the host that its own clocks reveal.
type Event int

// The events.
const (
	Steady    Event = iota
	Suspended       // the host slept: the monotonic clock stood still
	Stepped         // the wall clock was set
	Stalled         // the process did not run for a while although the host did
)

func (e Event) String() string {
	return [...]string{"steady", "suspended", "clock stepped", "host busy"}[e]
}

// Chosen by us.
const (
	// divergenceLimit is how far two clocks of one host may diverge between two
	// looks: far above any slewing (500 ppm), far below what matters.
	divergenceLimit = 500 * time.Millisecond
	// stallLimit is how late a look may come before the process counts as
	// stalled.
	stallLimit = time.Second
	// readWithin is how long reading all clocks may take before they are read
	// again, readTries times in all.
	readWithin = 50 * time.Millisecond
	readTries  = 5
)

// Divergence compares one host's clocks with each other. The zero value is ready; the
// first look only sets the reference. Not safe for concurrent use.
type Divergence struct {
	mono, awake time.Duration
	hasAwake    bool
	wall        time.Time
	started     bool
}

// readAll reads the clocks at one moment: a pause of the process between two readings
// must not look like a divergence.
func readAll(c Clock) (mono time.Duration, wall time.Time, awake time.Duration, ok bool) {
	for range readTries {
		mono, wall = c.Now(), c.Wall()
		awake, ok = c.Awake()
		if c.Now()-mono <= readWithin {
			break
		}
	}
	return mono, wall, awake, ok
}

// Look compares the clocks with those of the previous look, which was intended to be
// every ago. It returns the event since then and its amount.
func (d *Divergence) Look(c Clock, every time.Duration) (Event, time.Duration) {
	mono, wall, awake, ok := readAll(c)
	was := *d
	*d = Divergence{mono: mono, awake: awake, hasAwake: ok, wall: wall, started: true}
	if !was.started {
		return Steady, 0
	}
	ran := mono - was.mono
	if ok && was.hasAwake {
		if slept := awake - was.awake - ran; slept > divergenceLimit {
			return Suspended, slept
		}
	}
	switch jump := wall.Sub(was.wall) - ran; {
	case jump > divergenceLimit && !ok:
		return Suspended, jump // if a suspend cannot be distinguished from a step, it is more likely
	case jump > divergenceLimit || jump < -divergenceLimit:
		return Stepped, jump
	}
	if ran-every > stallLimit {
		return Stalled, ran - every
	}
	return Steady, 0
}
