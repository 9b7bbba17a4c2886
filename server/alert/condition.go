package alert

import (
	"slices"
	"time"
)

// crowdHold is how long the first word of a rate below the minimum waits when
// others have fallen below lately: chosen by us, since floor tests find what
// befell many at once one after the other, within some seconds. A rate that
// falls alone is told of at once.
const crowdHold = 5 * time.Second

// condition is what one session suffers from, as incidents count it: its silence,
// or one direction below the minimum.
type condition struct {
	sub       *subject
	direction string // up, down; "": silence
	warning   string
	since     time.Time // when it began: of a silence, the last packet before the first of its warning
	onset     time.Time // when what goes on was noticed
	due       time.Time // when its first word leaves; zero: nothing waits
	incident  *incident
}

// stands says whether the session still suffers from it.
func (t *condition) stands() bool {
	if t.direction == "" {
		return t.sub.silent != ""
	}
	x := t.sub.rates[t.direction]
	if x == nil || &x.condition != t {
		return false // the session is over
	}
	_, stands := x.tracker.Active()
	return stands
}

// wasTold says whether proctors have been told of it by itself.
func (t *condition) wasTold() bool {
	if t.direction == "" {
		return t.sub.told != ""
	}
	return t.sub.rates[t.direction].told
}

// leave takes it out of the incident it belongs to.
func (t *condition) leave(at time.Time) {
	if i := t.incident; i != nil {
		t.incident = nil
		i.still--
		i.calm(at)
		i.changed(at)
	}
}

// common says whether a condition that has just begun belongs to an incident, one
// that goes on or one that it makes.
func (c *Correlator) common(t *condition, at time.Time) bool {
	if !slices.Contains(c.onsets[t.direction], t) {
		c.onsets[t.direction] = append(c.onsets[t.direction], t)
	}
	if i := c.covering(t, at); i != nil {
		i.join(t, at)
		return true
	}
	return c.breaksOut(t, at)
}

// wait lets the first word of a condition wait.
func (c *Correlator) wait(t *condition, hold time.Duration) {
	t.due = t.onset.Add(hold)
	c.held = append(c.held, t)
}

// release tells what has waited for long enough.
func (c *Correlator) release(now time.Time) {
	c.held = slices.DeleteFunc(c.held, func(t *condition) bool {
		if t.due.After(now) {
			return false
		}
		if !t.due.IsZero() {
			c.alone(t, t.onset)
		}
		return true
	})
}

// alone tells of a condition by itself.
func (c *Correlator) alone(t *condition, at time.Time) {
	if t.direction != "" {
		c.tellRate(t.sub.rates[t.direction], at)
		return
	}
	t.sub.At = at
	c.tell(t.sub)
}
