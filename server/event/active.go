package event

import (
	"cmp"
	"slices"
)

// active is what the events so far come to: the sessions that have not ended and
// what is active. It is not safe for concurrent use.
type active struct {
	sessions  map[string]map[slot]Event
	incidents map[string]Event
}

// slot is what a later event of the same session takes the place of.
type slot struct {
	kind Kind
	of   string // a direction, or a warning
}

func newActive() *active {
	return &active{sessions: map[string]map[slot]Event{}, incidents: map[string]Event{}}
}

func (a *active) apply(e Event) {
	if i, ok := e.Payload.(Incident); ok {
		if i.Active {
			a.incidents[i.ID] = e
		} else {
			delete(a.incidents, i.ID)
		}
		return
	}
	id := e.Session.ID
	if id == "" {
		return
	}
	of := slot{kind: e.Payload.Kind()}
	switch p := e.Payload.(type) {
	case Ended:
		delete(a.sessions, id)
		return
	case Refused, Report: // they change nothing of a session
		return
	case Warning:
		of.of = p.ID
		if !p.Active {
			delete(a.sessions[id], of)
			return
		}
	case Admitted, Resumed:
		if a.sessions[id] == nil {
			a.sessions[id] = map[slot]Event{}
		}
	}
	if s := a.sessions[id]; s != nil {
		s[of] = e
	}
}

// events are those that lead to what is active, in the order of their numbers.
func (a *active) events() (out []Event) {
	for _, e := range a.incidents {
		out = append(out, e)
	}
	for _, s := range a.sessions {
		for _, e := range s {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b Event) int { return cmp.Compare(a.Number, b.Number) })
	return out
}
