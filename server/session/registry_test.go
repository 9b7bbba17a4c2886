package session

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"examlink/probe/wire"
	"examlink/server/event"
)

// stopped is a clock that stands still.
type stopped struct{ time.Time }

func (c stopped) Now() time.Duration               { return time.Hour }
func (c stopped) Wall() time.Time                  { return c.Time }
func (c stopped) Awake() (d time.Duration, _ bool) { return 0, false }

// registry returns a registry at noon with n live sessions, each with its own
// join token.
func registry(tb testing.TB, n int, publish func(event.Event)) *Registry {
	tb.Helper()
	limits := Limits{Sessions: n + 1}.Complete()
	r := NewRegistry(Options{
		Clock: stopped{noon}, Limits: func() Limits { return limits }, Silence: DefaultSilence, Publish: publish,
	})
	for i := range n {
		a, err := r.Admit(wire.JoinToken{ID: fmt.Sprint("t", i), Exam: "e", Student: fmt.Sprint("s", i)}, "watch", "")
		if err != nil {
			tb.Fatal(err)
		}
		a.state, a.probing, a.heard = Live, true, true
	}
	return r
}

// Every session is found by its token until its end.
func TestSessionsByToken(t *testing.T) {
	var ended int
	r := registry(t, 3, func(e event.Event) {
		if e.Payload.Kind() == event.KindEnded {
			ended++
		}
	})
	if _, err := r.Admit(wire.JoinToken{ID: "t1"}, "watch", ""); err != nil {
		t.Fatal(err)
	}
	if n := len(r.ofToken("t1")); n != 2 {
		t.Errorf("%d sessions of the token, want 2", n)
	}
	for _, s := range r.All() {
		r.End(s, nil, Goodbye)
		r.End(s, nil, Goodbye) // once is enough
	}
	if len(r.All()) != 0 || len(r.byToken) != 0 || ended != 4 {
		t.Errorf("%d sessions, %d tokens left; %d ended, want 4", len(r.All()), len(r.byToken), ended)
	}
}

// A session that ends between its admission and its connection stays ended; its ticket
// opens another one.
func TestAttachAfterTheEnd(t *testing.T) {
	r := registry(t, 0, func(event.Event) {})
	token := wire.JoinToken{ID: "t1", Exam: "e", Student: "s"}
	a, err := r.Admit(token, "watch", "")
	if err != nil {
		t.Fatal(err)
	}
	r.EndTokens([]string{"t1"})
	if _, err := r.Attach(a, nil, nil, nil); !errors.Is(err, ErrOver) {
		t.Errorf("%v, want ErrOver", err)
	}
	if len(r.All()) != 0 || len(r.byToken) != 0 {
		t.Errorf("%d sessions, %d tokens, want none", len(r.All()), len(r.byToken))
	}
	b, err := r.Admit(token, "watch", a.Ticket)
	if err != nil || b.Session == a.Session || b.ID != a.ID || len(r.All()) != 1 {
		t.Errorf("%+v, %v", b, err)
	}
}

// BenchmarkScan measures one scan of 5,000 sessions that have all just fallen
// silent, with the resulting events.
func BenchmarkScan(b *testing.B) {
	for _, n := range []int{1000, 5000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			bus := event.NewBus(0)
			r := registry(b, n, bus.Publish)
			now := time.Hour + 1100*time.Millisecond
			for b.Loop() {
				before := bus.Last()
				r.scan(now)
				if got := bus.Last() - before; got != uint64(n) {
					b.Fatalf("%d events, want %d", got, n)
				}
				b.StopTimer()
				for _, s := range r.All() {
					s.state = Live
				}
				b.StartTimer()
			}
		})
	}
}
