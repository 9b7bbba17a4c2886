package alert

import (
	"slices"
	"time"
)

// crowdHold is how long the first notice of a low rate waits when other rates have
// fallen lately. Chosen by us: a common cause shows in one floor test after the
// other, within some seconds. The notice of a rate that falls alone does not wait.
const crowdHold = 5 * time.Second

// condition is what an incident counts: the silence of a session, or one direction
// of it below the minimum.
type condition struct {
	sub       *subject
	direction string // up, down; "": silence
	warning   string
	since     time.Time // when the warning began; of a silence, the last packet before it
	onset     time.Time // when the server noticed the latest episode
	due       time.Time // when its first notice is due; zero: none is held
	incident  *incident // it belongs to; nil: none
}

// active says whether the session is in the condition now.
func (cond *condition) active() bool {
	if cond.direction == "" {
		return cond.sub.silent != ""
	}
	x := cond.sub.rates[cond.direction]
	if x == nil || &x.condition != cond {
		return false // the session is over
	}
	_, active := x.tracker.Active()
	return active
}

// wasNotified says whether there has been a notice of this condition itself.
func (cond *condition) wasNotified() bool {
	if cond.direction == "" {
		return cond.sub.notified != ""
	}
	return cond.sub.rates[cond.direction].notified
}

// leave takes the condition out of its incident.
func (cond *condition) leave(at time.Time) {
	if i := cond.incident; i != nil {
		cond.incident = nil
		i.current--
		i.updateCalm(at)
		i.scheduleUpdate(at)
	}
}

// correlate says whether a condition that begins is part of an incident, either an
// open one or one that it completes.
func (c *Correlator) correlate(cond *condition, at time.Time) bool {
	if !slices.Contains(c.onsets[cond.direction], cond) {
		c.onsets[cond.direction] = append(c.onsets[cond.direction], cond)
	}
	if i := c.openIncident(cond, at); i != nil {
		i.join(cond, at)
		return true
	}
	return c.detect(cond, at)
}

// hold holds back the first notice of a condition.
func (c *Correlator) hold(cond *condition, d time.Duration) {
	cond.due = cond.onset.Add(d)
	c.held = append(c.held, cond)
}

// release sends the notices that are due.
func (c *Correlator) release(now time.Time) {
	c.held = slices.DeleteFunc(c.held, func(cond *condition) bool {
		if cond.due.After(now) {
			return false
		}
		if !cond.due.IsZero() {
			c.notifyAlone(cond, cond.onset)
		}
		return true
	})
}

// notifyAlone sends the notice of a condition itself, apart from any incident.
func (c *Correlator) notifyAlone(cond *condition, at time.Time) {
	if cond.direction != "" {
		c.notifyRate(cond.sub.rates[cond.direction], at)
		return
	}
	cond.sub.At = at
	c.notifySilence(cond.sub)
}
