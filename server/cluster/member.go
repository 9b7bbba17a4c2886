package cluster

import (
	"context"
	"errors"
	"slices"
	"time"

	"examlink/server/store"
)

// beat says that this server is alive and acts on who else is.
func (c *Cluster) beat(ctx context.Context) error {
	c.beating.Lock()
	defer c.beating.Unlock()
	inner, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	c.mu.Lock()
	self := store.Member{ID: c.id, Name: c.o.Name, Version: c.o.Version, Draining: c.draining}
	c.mu.Unlock()
	all, err := c.o.Store.Members().Beat(inner, self)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		c.unanswered(err)
		return err
	}
	gone := c.observe(all.Members, time.Now())
	role := c.choose(inner, all)
	if role != c.Role() { // know what was said before it changes who says it
		if err := c.readLog(inner); err != nil {
			return err
		}
	}
	c.assume(role)
	if role == Leads {
		c.inherit(inner, gone)
	}
	return nil
}

// unanswered notes that the store did not answer. After a while this server is alone.
func (c *Cluster) unanswered(err error) {
	c.mu.Lock()
	log, alone := !c.failing, time.Since(c.answered) >= aloneAfter // also before the first answer
	c.failing = true
	c.mu.Unlock()
	if log {
		c.o.Log.Error("the store that the servers share does not answer", "err", err)
	}
	if alone {
		c.assume(Alone)
	}
}

// observe notes whose beats have changed and returns those who are gone. Time in which
// nobody's beats could be read counts against nobody.
func (c *Cluster) observe(members []store.Member, now time.Time) (gone []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	unread := now.Sub(c.answered)
	if unread < 2*beatEvery || c.answered.IsZero() {
		unread = 0
	}
	if c.failing {
		c.o.Log.Info("the store that the servers share answers again")
	}
	c.answered, c.failing = now, false
	seen := map[string]sighting{}
	c.alive = c.alive[:0:0]
	for _, m := range members {
		s, known := c.seen[m.ID]
		s.at = s.at.Add(unread)
		if !known || s.beats != m.Beats || m.ID == c.id {
			s = sighting{m.Beats, now}
		}
		seen[m.ID] = s
		if now.Sub(s.at) >= goneAfter {
			gone = append(gone, m.ID)
			continue
		}
		c.alive = append(c.alive, m)
	}
	c.seen = seen
	return gone
}

// choose returns this server's role. The first of those alive that do not drain follows
// a leader that is gone or drains.
func (c *Cluster) choose(ctx context.Context, all store.Membership) Role {
	c.mu.Lock()
	candidates := slices.DeleteFunc(slices.Clone(c.alive), func(m store.Member) bool { return m.Draining })
	if len(candidates) == 0 {
		candidates = slices.Clone(c.alive)
	}
	c.mu.Unlock()
	is := func(id string) func(store.Member) bool { return func(m store.Member) bool { return m.ID == id } }
	switch {
	case all.Leader == c.id && slices.ContainsFunc(candidates, is(c.id)):
		return Leads
	case slices.ContainsFunc(candidates, is(all.Leader)) || candidates[0].ID != c.id:
		return Follows
	}
	if err := c.o.Store.Members().Lead(ctx, c.id, all.Term); err != nil {
		if !errors.Is(err, store.ErrConflict) {
			c.o.Log.Error("not made the leader of the servers", "err", err)
		}
		return Follows
	}
	return Leads
}

// Role is this server's role; empty before it is known.
func (c *Cluster) Role() Role {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.role
}

// assume takes a role.
func (c *Cluster) assume(r Role) {
	c.mu.Lock()
	same := r == c.role
	c.role = r
	if r == Leads && !same {
		c.adopted = time.Time{}
	}
	c.mu.Unlock()
	if !same {
		c.o.Log.Info("role among the servers that share the store", "role", r)
		c.o.Role(r)
	}
}

// inherit removes members that are gone, and takes the sessions that belong to nobody.
func (c *Cluster) inherit(ctx context.Context, gone []string) {
	for _, id := range gone {
		if err := c.o.Store.Members().Leave(ctx, id); err != nil {
			c.o.Log.Error("server that is gone not removed", "err", err)
			return
		}
		c.o.Log.Warn("a server is gone; its sessions are taken over", "server", id)
	}
	c.mu.Lock()
	due := len(gone) > 0 || time.Since(c.adopted) >= adoptEvery
	var others []string
	for _, m := range c.alive {
		if m.ID != c.id {
			others = append(others, m.ID)
		}
	}
	c.mu.Unlock()
	if !due {
		return
	}
	left, err := c.o.Store.Sessions().Adopt(ctx, c.id, others)
	if err == nil {
		err = c.readLog(ctx) // a session may have come back elsewhere meanwhile
	}
	if err != nil {
		c.o.Log.Error("sessions of servers that are gone not taken over", "err", err)
		return
	}
	c.mu.Lock()
	c.adopted = time.Now()
	left = slices.DeleteFunc(left, func(s store.LiveSession) bool {
		p := c.places[s.ID]
		return p != nil && slices.Contains(others, p.server)
	})
	c.mu.Unlock()
	if len(left) > 0 {
		c.o.Adopt(left)
	}
}

// trim removes old events from the log, if this server leads.
func (c *Cluster) trim(ctx context.Context) {
	c.mu.Lock()
	leads := c.role == Leads
	c.mu.Unlock()
	if !leads {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	now := time.Now()
	_, err := c.o.Store.Events().Trim(ctx, now.Add(-keepReadings), readings()...)
	if err == nil {
		_, err = c.o.Store.Events().Trim(ctx, now.Add(-keepEvents))
	}
	if err != nil && ctx.Err() == nil {
		c.o.Log.Error("old events not removed", "err", err)
	}
}
