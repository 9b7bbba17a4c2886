package monitor

import (
	"testing"

	"examlink/probe/wire"
)

// The server's exact count redistributes losses. It moves none into the last window,
// which would report them twice.
func TestReconcileMovesNoLosses(t *testing.T) {
	for _, c := range []struct {
		total, window Account
		received      uint64 // by the server, of 100
		up, upNow     uint64
	}{
		{Account{}, Account{}, 100, 0, 0},
		{Account{LostUp: 2, LostDown: 3, LostUnknown: 4}, Account{LostUp: 1}, 95, 5, 1},
		{Account{LostUp: 2, LostDown: 3}, Account{LostDown: 1, LostUnknown: 1}, 98, 2, 0},
		{Account{LostDown: 1}, Account{LostUnknown: 3}, 97, 3, 2},
		{Account{LostUp: 5}, Account{LostUp: 2}, 99, 1, 1},                    // its count overrides ours
		{Account{LostUnknown: 5}, Account{}, 80, 5, 0},                        // no more can have been lost than were
		{Account{LostUnknown: 5, LostDown: 1}, Account{LostUp: 2}, 110, 0, 0}, // nor fewer than none
	} {
		m := NewStream(0, 0)
		m.first = 101
		before, now := c.total.Lost(), c.window.Lost()
		*m.total, m.window.Account = c.total, c.window
		m.Reconcile(wire.Count{Received: c.received})
		w := m.window.Account
		if m.total.Lost() != before || w.Lost() != now || m.total.LostUp+w.LostUp != c.up || w.LostUp != c.upNow || m.total.LostUnknown+w.LostUnknown != 0 {
			t.Errorf("%+v: lost %d up %d down before, %d up %d down now", c, m.total.LostUp, m.total.LostDown, w.LostUp, w.LostDown)
		}
	}
}
