package signin

import (
	"errors"
	"time"

	"examlink/server/store"
)

// Chosen by us.
const (
	// recallFor is for how long a sign-in counts that the store has told of while it does
	// not answer: proctors must see their students then. A sign-out on another server is
	// not known meanwhile.
	recallFor = 10 * time.Minute
	knownMost = 10000
)

// known is a sign-in as the store told of it last.
type known struct {
	store.SignIn
	at time.Time
}

// recall takes an answer of the store and returns it, or what the store told before if it
// does not answer now.
func (g *Gate) recall(id string, v store.SignIn, err error) (store.SignIn, error) {
	now := g.o.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case err == nil:
		if len(g.known) >= knownMost {
			clear(g.known)
		}
		g.known[id] = known{v, now}
	case errors.Is(err, store.ErrNotFound):
		delete(g.known, id)
	default:
		if k, ok := g.known[id]; ok && now.Sub(k.at) < recallFor {
			return k.SignIn, nil
		}
	}
	return v, err
}

// forgetKnown forgets the sign-ins of an identity.
func (g *Gate) forgetKnown(identity string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for id, k := range g.known {
		if k.Identity == identity {
			delete(g.known, id)
		}
	}
}
