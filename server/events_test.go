package server_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/event"
)

// A late subscriber still sees every event of a session, from admission to end,
// in order and exactly once.
func TestASubscriberSeesAWholeSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestbed(t, server.Limits{})
		c := s.call(s.host("10.0.0.2:5000"), s.good("t"), "")
		c.send(c.seal(1, 64))
		time.Sleep(2 * time.Second) // live, then suspect
		late := s.srv.Events().Subscribe(1, 0)
		c.send(c.seal(2, 64))
		time.Sleep(500 * ms) // live again
		if err := wire.WriteMessage(c.control, wire.Message{Type: wire.TypeBye, Bye: &wire.Bye{}}); err != nil {
			t.Fatal(err)
		}
		var kinds []event.Kind
		var states []string
		for n := uint64(1); !slices.Contains(kinds, event.KindEnded); n++ {
			e, err := late.Next(t.Context())
			if err != nil || e.Number != n || e.Session.ID != c.welcome.Session || e.At.IsZero() {
				t.Fatalf("event %d: %+v, %v", n, e, err)
			}
			kinds, states = append(kinds, e.Payload.Kind()), append(states, e.Session.State)
		}
		if want := []string{"connected", "live", "suspect", "live", "ended"}; !slices.Equal(states, want) {
			t.Errorf("%v in the states %v, want %v", kinds, states, want)
		}
	})
}
