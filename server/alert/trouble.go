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

// trouble is what one session suffers from, as incidents count it: its silence,
// or one direction below the minimum.
type trouble struct {
	sub       *subject
	direction string // up, down; "": silence
	warning   string
	since     time.Time // when it began: of a silence, the last packet before the first of its warning
	onset     time.Time // when what goes on was noticed
	due       time.Time // when its first word leaves; zero: nothing waits
	incident  *incident
}

// stands says whether the session still suffers from it.
func (t *trouble) stands() bool {
	if t.direction == "" {
		return t.sub.silent != ""
	}
	x := t.sub.rates[t.direction]
	if x == nil || &x.trouble != t {
		return false // the session is over
	}
	_, stands := x.tracker.Active()
	return stands
}

// wasTold says whether proctors have been told of it by itself.
func (t *trouble) wasTold() bool {
	if t.direction == "" {
		return t.sub.told != ""
	}
	return t.sub.rates[t.direction].told
}

// leave takes it out of the incident it belongs to.
func (t *trouble) leave(at time.Time) {
	if i := t.incident; i != nil {
		t.incident = nil
		i.still--
		i.calm(at)
		i.changed(at)
	}
}

// common says whether a trouble that has just begun belongs to an incident, one
// that goes on or one that it makes.
func (d *Correlator) common(t *trouble, at time.Time) bool {
	if !slices.Contains(d.onsets[t.direction], t) {
		d.onsets[t.direction] = append(d.onsets[t.direction], t)
	}
	if i := d.covering(t, at); i != nil {
		i.join(t, at)
		return true
	}
	return d.breaksOut(t, at)
}

// wait lets the first word of a trouble wait.
func (d *Correlator) wait(t *trouble, hold time.Duration) {
	t.due = t.onset.Add(hold)
	d.held = append(d.held, t)
}

// release tells what has waited for long enough.
func (d *Correlator) release(now time.Time) {
	d.held = slices.DeleteFunc(d.held, func(t *trouble) bool {
		if t.due.After(now) {
			return false
		}
		if !t.due.IsZero() {
			d.alone(t, t.onset)
		}
		return true
	})
}

// alone tells of a trouble by itself.
func (d *Correlator) alone(t *trouble, at time.Time) {
	if t.direction != "" {
		d.tellRate(t.sub.rates[t.direction], at)
		return
	}
	t.sub.At = at
	d.tell(t.sub)
}
