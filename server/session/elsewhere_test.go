package session

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe/clock"
	"examlink/server/event"
)

// A session that was taken up from a server that is gone, and whose client has not come,
// is missed after the patience; not while it may be with another server that cannot be
// heard of.
func TestSilenceWhileOthersCannotBeHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var list []string
		said := func() []string {
			mu.Lock()
			defer mu.Unlock()
			return slices.Clone(list)
		}
		r := NewRegistry(Options{
			Clock: clock.NewSystem(), Limits: DefaultLimits, Silence: DefaultSilence,
			Publish: func(e event.Event) {
				mu.Lock()
				defer mu.Unlock()
				list = append(list, fmt.Sprint(e.Payload.Kind(), " ", e.Session.State))
			},
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); r.Run(ctx) }() // ends with cancel
		const patience = 15 * time.Second
		if n := r.Restore([]Earlier{{ID: "a", Exam: "e", Student: "s", Token: "t", State: Live, LastPacket: time.Now()}}, patience); n != 1 {
			t.Fatalf("%d sessions taken up", n)
		}
		time.Sleep(5 * time.Second)
		r.Blind(true, patience)
		time.Sleep(time.Minute)
		if got, want := fmt.Sprint(said()), "[restored live]"; got != want {
			t.Errorf("while the others cannot be heard of: %s, expected %s", got, want)
		}
		r.Blind(false, patience)
		time.Sleep(patience - time.Second)
		if len(said()) != 1 {
			t.Errorf("before the patience has passed: %v", said())
		}
		time.Sleep(5 * time.Second)
		if got, want := fmt.Sprint(said()), "[restored live state suspect state dropped]"; got != want {
			t.Errorf("after the patience: %s, expected %s", got, want)
		}
		cancel()
		<-done
	})
}
