package delivery

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"examlink/server/alert"
	"examlink/server/event"
	"examlink/server/store"
	"examlink/server/store/memory"
)

// shared is a queue that several servers use: closing it ends nobody else's use.
type shared struct{ store.Queue }

func (shared) Close() error { return nil }

// peer is one of two servers with their own buses; what one publishes the other hears.
type peer struct {
	*Notifier
	bus  *event.Bus
	told uint64 // number of the latest event that the other server has heard of
	stop func()
}

func newPeer(t *testing.T, r *receiver, q store.Queue) *peer {
	t.Helper()
	p := &peer{bus: event.NewBus(0)}
	p.Notifier, p.stop = begin(t, r, Options{
		Queues: func(string) (store.Queue, error) { return shared{q}, nil },
		Shared: p.bus.Snapshot, Publish: p.bus.Publish,
	})
	p.bus.Handle(p.Handle)
	return p
}

// tell publishes an event of a server, and has each hear what the other says.
func tell(from *peer, e event.Event, other *peer) {
	from.bus.Publish(e)
	time.Sleep(200 * time.Millisecond)
	for _, x := range [][2]*peer{{from, other}, {other, from}} {
		for _, e := range x[0].untold() {
			e.Server = "another"
			x[1].bus.Publish(e)
		}
	}
	synctest.Wait()
}

// untold returns the server's own events since the last time.
func (p *peer) untold() (own []event.Event) {
	sub := p.bus.Subscribe(p.told+1, 0)
	defer sub.Close()
	for last := p.bus.Last(); p.told < last; p.told++ {
		if e, err := sub.Next(context.Background()); err == nil && e.Server == "" {
			own = append(own, e)
		}
	}
	return own
}

func stateEvent(state string, silent time.Duration) event.Event {
	now := time.Now()
	return event.Event{At: now, Session: event.Session{ID: "a", Exam: "e1", Student: "s1", Purpose: "watch", Transport: "udp", State: state, LastPacket: now.Add(-silent)}, Payload: event.State{}}
}

// One of two servers delivers at a time. The next one goes on with the warnings that are
// active, and delivers what waits.
func TestAnotherServerTakesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := memory.NewQueue("proctors")
		var refuse atomic.Bool
		refuse.Store(true)
		r := newReceiver(t, func(got) int {
			if refuse.Load() {
				return 503
			}
			return 204
		})
		a, b := newPeer(t, r, q), newPeer(t, r, q)
		defer a.stop()
		defer b.stop()
		a.Lead(true)
		admitted := stateEvent("live", 0)
		admitted.Payload = event.Admitted{}
		tell(a, admitted, b)
		tell(a, stateEvent("live", 0), b)
		tell(a, stateEvent("suspect", time.Second), b)
		if x, y := a.Active(), b.Active(); len(x) != 1 || len(y) != 1 || x[0].Warning != y[0].Warning {
			t.Fatalf("active: %+v and %+v, expected the same warning", x, y)
		}
		if n := b.waiting(); len(n) != 0 {
			t.Errorf("the server that follows has %v to deliver", n)
		}
		a.Follow()
		b.Lead(true)
		tries := r.attempts()
		refuse.Store(false)
		time.Sleep(time.Minute)
		tell(a, stateEvent("dropped", 3*time.Second), b) // a still has the session
		tell(a, stateEvent("live", 0), b)
		time.Sleep(10 * time.Second)
		tell(b, event.Event{Payload: event.Report{}}, a)
		var kinds []alert.Kind
		warnings := map[string]bool{}
		for _, x := range r.taken() {
			kinds = append(kinds, x.event.Data.Kind)
			warnings[x.event.Data.Warning] = true
		}
		if len(kinds) != 3 || kinds[0] != alert.Suspect || kinds[1] != alert.Dropped || kinds[2] != alert.Recovered || len(warnings) != 1 {
			t.Errorf("delivered %v of %v warnings, expected suspect, dropped and recovered of one; %d attempts before", kinds, warnings, tries)
		}
		if x, y := a.Active(), b.Active(); len(x)+len(y) != 0 {
			t.Errorf("active: %+v and %+v, expected none", x, y)
		}
		if list, err := q.Waiting(t.Context()); err != nil || len(list) != 0 {
			t.Errorf("still waiting: %+v, %v", list, err)
		}
		if n := a.queueCount(); n != 0 {
			t.Errorf("the first server has %d notices that were delivered by the second", n)
		}
	})
}

// A server alone judges its own sessions only.
func TestAServerAloneJudgesItsOwnSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver(t, nil)
		p := newPeer(t, r, memory.NewQueue("proctors"))
		defer p.stop()
		theirs := stateEvent("suspect", time.Second)
		theirs.Session.ID, theirs.Server = "b", "another"
		for _, e := range []event.Event{theirs, stateEvent("suspect", time.Second)} {
			first := e
			first.Payload = event.Admitted{}
			p.bus.Publish(first)
			p.bus.Publish(e)
		}
		p.Lead(false)
		time.Sleep(time.Second)
		if got := r.taken(); len(got) != 1 || got[0].event.Data.Session != "a" {
			t.Errorf("delivered %+v, expected the warning about its own session", got)
		}
	})
}

// saysOf returns what another server publishes of a student who has just dropped: that the
// session lives, what is said of it, and what it is by now.
func saysOf(t *testing.T) (live, warned, suspect event.Event) {
	t.Helper()
	warned, ok := eventOf(alert.Notice{
		ID: "notice_1", Warning: "warning_1", Kind: alert.Suspect, State: alert.Raised, Severity: "critical",
		Session: "a", Exam: "e1", Student: "s1", Since: time.Now(), At: time.Now(), LastPacket: time.Now(),
	})
	if !ok {
		t.Fatal("no event")
	}
	live, suspect = stateEvent("live", 0), stateEvent("suspect", time.Second)
	live.Payload = event.Admitted{}
	live.Server, warned.Server, suspect.Server = "another", "another", "another"
	return live, warned, suspect
}

// What another server has said counts before the session's state does, even if both arrive
// while a server becomes the one that delivers.
func TestAServerLeadsWhileEventsArrive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver(t, nil)
		bus := event.NewBus(0)
		live, warned, suspect := saysOf(t)
		arriving := []event.Event{warned, live, suspect}
		n, stop := begin(t, r, Options{
			Queues: func(string) (store.Queue, error) { return shared{memory.NewQueue("proctors")}, nil },
			Shared: func() ([]event.Event, uint64) {
				for _, e := range arriving {
					bus.Publish(e)
				}
				arriving = nil
				return bus.Snapshot()
			},
			Publish: bus.Publish,
		})
		defer stop()
		bus.Handle(n.Handle)
		n.Lead(true)
		time.Sleep(5 * time.Second)
		if x := n.Active(); len(x) != 1 || x[0].Warning != "warning_1" || len(r.taken()) != 0 {
			t.Errorf("active %+v, delivered %+v; expected what the other server said, and nothing new", x, r.taken())
		}
	})
}

// What belongs together is judged together: a warning is not over because the state it is
// about is still on its way.
func TestEventsThatBelongTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver(t, nil)
		p := newPeer(t, r, memory.NewQueue("proctors"))
		defer p.stop()
		live, warned, suspect := saysOf(t)
		p.bus.Publish(live)
		live.Payload = event.State{}
		p.bus.Publish(live)
		p.Lead(true)
		time.Sleep(time.Second)
		release := p.Hold()
		p.bus.Publish(warned)
		go func() {
			for range 1000 { // whoever can judge now does
				runtime.Gosched()
			}
			p.bus.Publish(suspect)
			release()
		}()
		time.Sleep(5 * time.Second)
		if x := p.Active(); len(x) != 1 || x[0].Warning != "warning_1" || len(r.taken()) != 0 {
			t.Errorf("active %+v, delivered %+v; expected what the other server said, and nothing new", x, r.taken())
		}
	})
}

// queueCount is how many notices the queues have, whoever delivers them.
func (n *Notifier) queueCount() (count int) {
	for _, d := range n.receivers.deliverers {
		count += d.queue.count()
	}
	return count
}
