package cluster

import (
	"slices"
	"time"

	"examlink/server/event"
	"examlink/server/store"
)

// Session is a session of another server, as its latest event says.
type Session struct {
	event.Session
	Server string    // its identifier
	Name   string    // its name
	Since  time.Time // when its state began, by that server's clock
	// opened is when this server heard that it was opened; zero: it was before.
	opened time.Time
}

// place is where a session is.
type place struct {
	server string
	// claims is how many of this server's events that say it is here are not in the log
	// yet: whatever the log says before them is out of date.
	claims int
	remote *Session // what is known of it, if it is elsewhere
}

// takes reports whether an event says that the server it happened on has its session.
func takes(e event.Event) bool {
	switch e.Payload.(type) {
	case event.Admitted, event.Resumed, event.Restored:
		return true
	}
	return false
}

// noteOwn takes an event of a session of this server.
func (c *Cluster) noteOwn(e event.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, over := e.Payload.(event.Ended)
	switch p := c.places[e.Session.ID]; {
	case takes(e) && p == nil:
		c.places[e.Session.ID] = &place{server: c.id, claims: 1}
	case takes(e):
		p.server, p.remote = c.id, nil
		p.claims++
	case over:
		delete(c.places, e.Session.ID)
	}
}

// logged notes that an event of this server is in the log.
func (c *Cluster) logged(l store.LoggedEvent) {
	switch event.Kind(l.Kind) {
	case event.KindAdmitted, event.KindResumed, event.KindRestored:
	default:
		return
	}
	e, ok := c.decode(l)
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.places[e.Session.ID]; ok && p != nil && p.claims > 0 {
		p.claims--
	}
}

// current takes an event of another server, and reports whether it is true of its
// session still: a server may write about a session for a moment after another has it.
func (c *Cluster) current(e event.Event) bool {
	if e.Session.ID == "" || notice(e) { // notices are of the server that leads
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.places[e.Session.ID]
	switch {
	case takes(e) && (p == nil || p.claims == 0):
		p = &place{server: e.Server, remote: &Session{Server: e.Server, Since: e.At}}
		if _, is := e.Payload.(event.Admitted); is && c.joined {
			p.remote.opened = time.Now()
		}
		c.places[e.Session.ID] = p
	case takes(e), p == nil, p.server != e.Server:
		return false
	}
	if _, over := e.Payload.(event.Ended); over {
		delete(c.places, e.Session.ID)
	} else if p.remote != nil {
		if p.remote.State != e.Session.State {
			p.remote.Since = e.At
		}
		p.remote.Session = e.Session
	}
	return true
}

// Sessions returns the sessions of the other servers, in no particular order.
func (c *Cluster) Sessions() (out []Session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.places {
		if p.remote != nil {
			x := *p.remote
			x.Name = c.nameOf(x.Server)
			out = append(out, x)
		}
	}
	return out
}

// Continues reports whether a session of a join token that is not over was opened on
// another server within a time.
func (c *Cluster) Continues(token, purpose string, within time.Duration) bool {
	return slices.ContainsFunc(c.Sessions(), func(s Session) bool {
		return s.Token == token && s.Purpose == purpose && !s.opened.IsZero() && time.Since(s.opened) < within
	})
}
