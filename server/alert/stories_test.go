package alert

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// story drives a correlator by random events.
type story struct {
	*testbed
	r      *rand.Rand
	now    float64
	who    []string
	states map[string]string
}

// wrong names an invariant that does not hold between two events; "" if all do.
func (s *story) wrong() string {
	c := s.correlator
	for _, i := range c.incidents {
		n := 0
		for _, t := range i.affected {
			if t.incident != i {
				continue
			}
			if n++; !t.active() || !t.due.IsZero() || t.direction != i.direction {
				return "an incident has a condition that is over, held or of another kind"
			}
		}
		if len(i.round) > len(i.affected) {
			return "an incident has more sessions in its round than in total"
		}
		if n != i.current {
			return fmt.Sprintf("an incident counts %d sessions and has %d", i.current, n)
		}
	}
	live := 0
	for _, sub := range c.sessions {
		if sub.silent == "" {
			live++
		}
		conditions := []*condition{&sub.condition}
		for _, x := range sub.rates {
			conditions = append(conditions, &x.condition)
		}
		for _, t := range conditions {
			_, active := c.active[t.warning]
			switch {
			case t.incident != nil && !slices.Contains(c.incidents, t.incident):
				return "a session belongs to an incident that is over"
			case t.active() && !t.wasNotified() && t.incident == nil && t.due.IsZero():
				return "a condition has no notice, no incident and no notice that is held"
			case t.active() && t.wasNotified() && !active:
				return "the warning of a condition with a notice is not active"
			}
		}
	}
	if live != c.live[""] || len(c.sessions) != c.total[""] {
		return fmt.Sprintf("%d of %d sessions are live, counted %d of %d", live, len(c.sessions), c.live[""], c.total[""])
	}
	return ""
}

// step is one event.
func (s *story) step() {
	who := s.who[s.r.IntN(len(s.who))]
	direction := []string{"up", "down"}[s.r.IntN(2)]
	rate := []float64{100e3, 360e3, 390e3, 2e6, 2e6}[s.r.IntN(5)]
	goes := func(who, state string) {
		s.states[who] = state
		s.goes(s.now, who, state)
	}
	switch k := s.r.IntN(12); {
	case k < 3:
		if next := map[string]string{"live": "suspect", "suspect": "dropped", "dropped": "exam-relevant"}[s.states[who]]; next != "" {
			goes(who, next)
		}
	case k < 5:
		goes(who, "live")
	case k == 5 && s.states[who] != "":
		goes(who, "goodbye")
		delete(s.states, who)
	case k < 8: // many at once
		for _, who := range s.who[:1+s.r.IntN(len(s.who))] {
			switch {
			case s.states[who] != "live":
			case k == 6:
				goes(who, "suspect")
			default:
				s.slows(s.now, who, direction, rate)
			}
		}
	case s.states[who] == "live":
		s.slows(s.now, who, direction, rate)
	}
}

// TestStories checks the invariants under random events, and that every warning is
// cleared once all sessions are over.
func TestStories(t *testing.T) {
	for seed := range uint64(150) {
		s := &story{testbed: newTestbed(t, Rules{Hold: DefaultHold, MinimumUp: 384e3, MinimumDown: 768e3}), r: rand.New(rand.NewPCG(seed, 1)), states: map[string]string{}}
		for i := range 2 + s.r.IntN(20) {
			s.who = append(s.who, fmt.Sprintf("e%d/%02d", i%3, i))
		}
		pace := []float64{0.05, 0.5, 5, 20}[seed%4]
		for range 200 {
			s.now += s.r.ExpFloat64() * pace
			if s.step(); s.wrong() != "" {
				t.Fatalf("seed %d, second %.2f: %s", seed, s.now, s.wrong())
			}
		}
		for who := range s.states {
			s.goes(s.now, who, "goodbye")
		}
		s.wait(s.now + 3600)
		c := s.correlator
		if len(c.active)+len(c.incidents)+len(c.held)+len(c.sessions)+len(c.total)+len(c.live) != 0 {
			t.Fatalf("seed %d: left over: %v, %d incidents, %d held, %v %v", seed, c.active, len(c.incidents), len(c.held), c.total, c.live)
		}
		open := map[string]bool{}
		for _, n := range s.all {
			if n.State == Cleared && n.Kind != Ended && !open[n.Warning] {
				t.Fatalf("seed %d: %s clears a warning that is not active", seed, line(n))
			}
			open[n.Warning] = n.State == Raised
		}
	}
}
