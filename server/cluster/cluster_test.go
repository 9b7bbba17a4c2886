package cluster_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"examlink/server/cluster"
	"examlink/server/event"
	"examlink/server/store"
	"examlink/server/store/memory"
	"examlink/server/store/storetest"
)

// member is one server of a test.
type member struct {
	*cluster.Cluster
	bus   *event.Bus
	store *storetest.Absence
	stop  func() // ends it in an orderly way

	mu      sync.Mutex
	heard   []event.Event
	roles   []cluster.Role
	adopted []string
}

// start runs a server named id on a store.
func start(t *testing.T, id string, on store.Store) *member {
	t.Helper()
	m := &member{bus: event.NewBus(0), store: &storetest.Absence{Store: on}}
	locked := func(f func()) { m.mu.Lock(); defer m.mu.Unlock(); f() }
	m.Cluster = cluster.New(id, cluster.Options{
		Store: m.store, Events: m.bus, Name: "server-" + id, Version: "test", Log: slog.New(slog.DiscardHandler),
		Role:  func(r cluster.Role) { locked(func() { m.roles = append(m.roles, r) }) },
		Heard: func(e event.Event) { locked(func() { m.heard = append(m.heard, e) }) },
		Adopt: func(list []store.LiveSession) {
			for _, x := range list {
				locked(func() { m.adopted = append(m.adopted, x.ID) })
				m.publish(x.ID, event.Restored{})
			}
		},
	})
	if err := m.Join(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); m.Run(ctx) }() // ends with the test, or with kill
	m.stop = func() { cancel(); <-done }
	t.Cleanup(m.kill)
	return m
}

// kill ends it as a crash does: without leaving.
func (m *member) kill() {
	m.store.Away(true)
	m.stop()
}

// publish publishes an event of a session of this server.
func (m *member) publish(session string, p event.Payload) {
	m.bus.Publish(event.Event{At: time.Now(), Session: event.Session{ID: session, Exam: "exam", Student: "s-" + session, Token: "t-" + session}, Payload: p})
}

// put stores a live session of this server.
func (m *member) put(t *testing.T, session string) {
	t.Helper()
	err := m.store.Sessions().Put(t.Context(), store.LiveSession{
		ID: session, Exam: "exam", Student: "s-" + session, Token: "t-" + session, Purpose: "watch", Transport: "udp", State: "live",
		LastPacket: time.Now(), Server: m.ID(),
	})
	if err != nil {
		t.Fatal(err)
	}
}

// told lists the events that were heard, as session and kind.
func (m *member) told() (out []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, e := range m.heard {
		out = append(out, e.Session.ID+" "+string(e.Payload.Kind()))
	}
	return out
}

func (m *member) took() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.adopted)
}

// bubble runs a test with fake time.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

func expect[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, expected %v", what, got, want)
	}
}

func TestEventsReachTheOthers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		on := memory.New()
		a, b := start(t, "a", on), start(t, "b", on)
		time.Sleep(3 * time.Second)
		a.publish("1", event.Admitted{})
		a.publish("1", event.State{From: "connected"})
		a.publish("1", event.Report{About: "warning"})
		a.publish("1", event.Report{About: "warning", Repeated: true})
		a.publish("1", event.Reading{Measures: false})
		a.publish("1", event.Ended{From: "live", Why: "goodbye"})
		time.Sleep(200 * time.Millisecond)
		if got, want := fmt.Sprint(b.told()), "[1 admitted 1 state 1 report 1 ended]"; got != want {
			t.Errorf("heard %s, expected %s", got, want)
		}
		if len(a.told()) > 0 {
			t.Errorf("heard its own events: %v", a.told())
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		expect(t, "server", b.heard[0].Server, "a")
		expect(t, "student", b.heard[0].Session.Student, "s-1")
		expect(t, "token", b.heard[0].Session.Token, "t-1")
	})
}

// What a server writes about a session that another one has by then changes nothing.
func TestAnEarlierServerOfASessionIsNotHeard(t *testing.T) {
	bubble(t, func(t *testing.T) {
		on := memory.New()
		a, b, c := start(t, "a", on), start(t, "b", on), start(t, "c", on)
		a.publish("1", event.Admitted{})
		time.Sleep(200 * time.Millisecond)
		b.publish("1", event.Resumed{})
		time.Sleep(200 * time.Millisecond)
		a.publish("1", event.State{From: "live"})
		a.publish("1", event.Ended{From: "dropped", Why: "silent"})
		b.publish("1", event.State{From: "connected"})
		time.Sleep(200 * time.Millisecond)
		if got, want := fmt.Sprint(c.told()), "[1 admitted 1 resumed 1 state]"; got != want {
			t.Errorf("heard %s, expected %s", got, want)
		}
	})
}

// A session that goes to another server and comes back at once is here, whatever the log
// said before.
func TestASessionThatComesBackAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		on := memory.New()
		a, b, c := start(t, "a", on), start(t, "b", on), start(t, "c", on)
		a.publish("1", event.Admitted{})
		time.Sleep(1030 * time.Millisecond) // between two looks at the log
		b.publish("1", event.Resumed{})
		time.Sleep(time.Millisecond) // it is in the log, and a has not read it
		a.publish("1", event.Resumed{})
		time.Sleep(time.Second)
		expect(t, "a heard", fmt.Sprint(a.told()), "[]")
		expect(t, "b heard", fmt.Sprint(b.told()), "[1 admitted 1 resumed]")
		expect(t, "sessions elsewhere, by a", len(a.Sessions()), 0)
		if x := c.Sessions(); len(x) != 1 || x[0].Server != "a" || x[0].Student != "s-1" {
			t.Errorf("sessions elsewhere, by c: %+v, expected one of a", x)
		}
		a.publish("1", event.Ended{From: "live", Why: "goodbye"})
		time.Sleep(time.Second)
		expect(t, "sessions elsewhere, by c", len(c.Sessions()), 0)
	})
}

func TestAStudentContinuesElsewhere(t *testing.T) {
	bubble(t, func(t *testing.T) {
		on := memory.New()
		a, b := start(t, "a", on), start(t, "b", on)
		b.publish("1", event.Admitted{})
		time.Sleep(10 * time.Second)
		expect(t, "opened within 5 s", a.Continues("t-1", "", 5*time.Second), false)
		expect(t, "opened within 20 s", a.Continues("t-1", "", 20*time.Second), true)
		expect(t, "another token", a.Continues("t-2", "", 20*time.Second), false)
	})
}

func TestAServerThatJoinsKnowsWhatIsActive(t *testing.T) {
	bubble(t, func(t *testing.T) {
		on := memory.New()
		a := start(t, "a", on)
		for _, id := range []string{"1", "2"} {
			a.publish(id, event.Admitted{})
			a.publish(id, event.State{From: "connected"})
		}
		a.publish("1", event.Ended{From: "live", Why: "goodbye"})
		a.publish("2", event.Warning{ID: "w", Active: true, Notice: []byte(`{"kind":"suspect"}`)})
		time.Sleep(time.Second)
		b := start(t, "b", on)
		if got, want := fmt.Sprint(b.told()), "[2 warning 2 admitted 2 state]"; got != want {
			t.Errorf("heard %s, expected %s", got, want)
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		expect(t, "notice", string(b.heard[0].Payload.(event.Warning).Notice), `{"kind":"suspect"}`)
	})
}

// One leads; when it is gone, another leads within 10 s and takes over its sessions, but
// none that a student has taken elsewhere.
func TestTheSessionsOfAServerThatIsGone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		on := memory.New()
		a, b, c := start(t, "a", on), start(t, "b", on), start(t, "c", on)
		time.Sleep(5 * time.Second)
		expect(t, "role of a", a.Role(), cluster.Leads)
		expect(t, "role of b", b.Role(), cluster.Follows)
		expect(t, "others", len(a.Others()), 2)
		for _, id := range []string{"1", "2"} {
			a.put(t, id)
			a.publish(id, event.Admitted{})
		}
		time.Sleep(time.Second)
		a.kill()
		c.publish("2", event.Resumed{})
		time.Sleep(goneWithin)
		expect(t, "role of b", b.Role(), cluster.Leads)
		expect(t, "role of c", c.Role(), cluster.Follows)
		expect(t, "adopted by b", fmt.Sprint(b.took()), "[1]")
		expect(t, "adopted by c", fmt.Sprint(c.took()), "[]")
		expect(t, "others of c", len(c.Others()), 1)
		if got := c.told(); got[len(got)-1] != "1 restored" {
			t.Errorf("c heard %v, expected that session 1 is followed by b", got)
		}
	})
}

// goneWithin is how long it may take until a server that is gone has a successor.
const goneWithin = 8 * time.Second

func TestAServerThatEndsLeavesAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		on := memory.New()
		a, b := start(t, "a", on), start(t, "b", on)
		time.Sleep(3 * time.Second)
		a.publish("1", event.Admitted{})
		a.publish("1", event.Ended{Why: "goodbye"}) // is still told
		a.stop()
		time.Sleep(1100 * time.Millisecond)
		expect(t, "role of b", b.Role(), cluster.Leads)
		expect(t, "others of b", len(b.Others()), 0)
		expect(t, "b heard", fmt.Sprint(b.told()), "[1 admitted 1 ended]")
	})
}

// While the store is away each goes on alone. Afterwards they are as before, what
// happened meanwhile is known to all, and nobody has lost sessions.
func TestTheStoreIsAway(t *testing.T) {
	bubble(t, func(t *testing.T) {
		on := memory.New()
		a, b := start(t, "a", on), start(t, "b", on)
		time.Sleep(5 * time.Second)
		a.put(t, "1")
		a.publish("1", event.Admitted{})
		b.put(t, "2")
		time.Sleep(time.Second)
		a.store.Away(true)
		b.store.Away(true)
		time.Sleep(5 * time.Second)
		expect(t, "role of a", a.Role(), cluster.Alone)
		expect(t, "role of b", b.Role(), cluster.Alone)
		a.publish("1", event.State{From: "live"})
		time.Sleep(time.Minute)
		a.store.Away(false)
		b.store.Away(false)
		time.Sleep(3 * time.Second)
		expect(t, "role of a", a.Role(), cluster.Leads)
		expect(t, "role of b", b.Role(), cluster.Follows)
		expect(t, "b heard", fmt.Sprint(b.told()), "[1 admitted 1 state]")
		time.Sleep(20 * time.Second)
		expect(t, "adopted by a", fmt.Sprint(a.took(), b.took()), "[] []")
	})
}

// A server without the store at its start goes on alone, and is one of several as soon
// as the store answers.
func TestTheStoreIsAwayAtFirst(t *testing.T) {
	bubble(t, func(t *testing.T) {
		on := memory.New()
		a := start(t, "a", on)
		a.publish("1", event.Admitted{})
		time.Sleep(time.Second)
		f := &storetest.Absence{Store: on}
		f.Away(true)
		bus := event.NewBus(0)
		var roles []cluster.Role
		b := cluster.New("b", cluster.Options{
			Store: f, Events: bus, Name: "b", Log: slog.New(slog.DiscardHandler), Adopt: func([]store.LiveSession) {},
			Role: func(r cluster.Role) { roles = append(roles, r) }, Heard: func(event.Event) {},
		})
		if b.Join(t.Context()) == nil {
			t.Error("joined without the store")
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); b.Run(ctx) }() // ends with cancel
		time.Sleep(5 * time.Second)
		f.Away(false)
		time.Sleep(3 * time.Second)
		cancel()
		<-done
		time.Sleep(2 * time.Second)
		expect(t, "roles", fmt.Sprint(roles), "[alone follows]")
		expect(t, "events", bus.Last(), 1)
		expect(t, "others of a", len(a.Others()), 0)
	})
}

func TestDrain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		on := memory.New()
		a, b := start(t, "a", on), start(t, "b", on)
		time.Sleep(3 * time.Second)
		if err := a.Drain(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		expect(t, "role of a", a.Role(), cluster.Follows)
		expect(t, "role of b", b.Role(), cluster.Leads)
		expect(t, "others of b", len(b.Others()), 0)
		if err := a.Drain(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		expect(t, "role of b", b.Role(), cluster.Leads)
		expect(t, "others of b", len(b.Others()), 1)
	})
}

// An event that the store cannot keep stops no other.
func TestAnEventThatCannotBeKept(t *testing.T) {
	bubble(t, func(t *testing.T) {
		on := memory.New()
		a, b := start(t, "a", on), start(t, "b", on)
		a.publish("1", event.Admitted{})
		a.publish("1", event.Warning{ID: "w", Active: true, Sentence: string(make([]byte, store.MaxBody))})
		a.publish("1", event.State{From: "connected"})
		time.Sleep(time.Second)
		expect(t, "b heard", fmt.Sprint(b.told()), "[1 admitted 1 state]")
	})
}
