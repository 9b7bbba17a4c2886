package event

import (
	"cmp"
	"slices"
)

// Active is what a sequence of events comes to: the sessions that have not ended and
// what is active. It is not safe for concurrent use.
type Active struct {
	sessions map[string]map[slot]Event
	notices  map[string]Event // incidents, and warnings of no session, by identifier
}

// slot is what a later event of the same session takes the place of.
type slot struct {
	kind Kind
	of   string // a direction, or a warning
}

// NewActive returns what no events come to.
func NewActive() *Active {
	return &Active{sessions: map[string]map[slot]Event{}, notices: map[string]Event{}}
}

// Apply takes the next event.
func (a *Active) Apply(e Event) {
	id := e.Session.ID
	switch p := e.Payload.(type) {
	case Incident:
		a.notice(p.ID, p.Active, e)
		return
	case Warning:
		if id == "" {
			a.notice(p.ID, p.Active, e)
		}
	}
	if id == "" {
		return
	}
	of := slot{kind: e.Payload.Kind()}
	switch p := e.Payload.(type) {
	case Ended:
		delete(a.sessions, id)
		return
	case Refused, Report, Revoked: // they change nothing of a session
		return
	case Warning:
		of.of = p.ID
		if !p.Active {
			delete(a.sessions[id], of)
			return
		}
	case Admitted, Resumed, Restored:
		of.kind = KindAdmitted // one of them tells where the session is
		if a.sessions[id] == nil {
			a.sessions[id] = map[slot]Event{}
		}
	}
	if s := a.sessions[id]; s != nil {
		s[of] = e
	}
}

// notice takes one that is about no session.
func (a *Active) notice(id string, active bool, e Event) {
	if active {
		a.notices[id] = e
	} else {
		delete(a.notices, id)
	}
}

// Events returns those that lead to what is active, in the order of their numbers.
func (a *Active) Events() (out []Event) {
	for _, e := range a.notices {
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
