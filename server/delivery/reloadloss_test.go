package delivery

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"examlink/server/alert"
)

// An attempt that hangs at the old address does not hold the reload up, and its notice
// goes to the new one.
func TestReloadDuringAnAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		hangs := newReceiver(t, func(got) int { <-release; return http.StatusNoContent })
		hosts := byHost{"127.0.0.1": hangs, "127.0.0.2": newReceiver(t, nil)}
		hook := hookTo("one", "127.0.0.1")
		hook.Timeout = 2 * time.Hour
		o := Options{Dir: t.TempDir(), Hold: -1, Dial: hosts.dial, Webhooks: []Webhook{hook}}
		n, stop := running(t, o)
		defer stop()
		n.State(sessionNamed("a", "live"))
		n.State(sessionNamed("a", "suspect"))
		time.Sleep(time.Minute)
		o.Webhooks = []Webhook{hookTo("one", "127.0.0.2")}
		began := time.Now()
		if err := n.Reload(o); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if waited := time.Since(began); waited > 0 {
			t.Errorf("the reload took %v", waited)
		}
		if got := kindsTo(hosts["127.0.0.2"]); !slices.Equal(got, []alert.Kind{alert.Suspect}) {
			t.Errorf("the new address got %v", got)
		}
	})
}

// However often the configuration is reloaded while sessions fail and a receiver is
// unwell, each notice arrives, in the order of its session.
func TestNoNoticeIsLostInReloads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		attempts := 0 // guarded by the receiver
		unwell := newReceiver(t, func(got) int {
			if attempts++; attempts%3 == 0 {
				return http.StatusServiceUnavailable
			}
			return http.StatusNoContent
		})
		hosts := byHost{"127.0.0.1": unwell}
		slow := func(ctx context.Context, network, address string) (net.Conn, error) {
			select {
			case <-time.After(700 * time.Millisecond): // reloads come in between
				return hosts.dial(ctx, network, address)
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		o := Options{Dir: t.TempDir(), Hold: -1, Incident: alert.IncidentRule{Sessions: 100, Share: 1, Window: time.Second}, Dial: slow, Webhooks: []Webhook{hookTo("one", "127.0.0.1")}}
		n, stop := running(t, o)
		defer stop()
		const sessions, rounds = 5, 40
		want := []alert.Kind{}
		for i := range sessions {
			n.State(sessionNamed(fmt.Sprint(i), "live"))
		}
		for round := range rounds {
			state, kind := "suspect", alert.Suspect
			if round%2 == 1 {
				state, kind = "live", alert.Recovered
			}
			want = append(want, kind)
			for i := range sessions {
				n.State(sessionNamed(fmt.Sprint(i), state))
			}
			time.Sleep(time.Duration(r.IntN(2000)) * time.Millisecond)
			o.Webhooks = []Webhook{hookTo("one", "127.0.0.1"), hookTo("other", "127.0.0.9")}[:1+r.IntN(2)]
			o.Webhooks[0].Timeout = time.Duration(5+r.IntN(2)) * time.Second
			if err := n.Reload(o); err != nil {
				t.Fatal(err)
			}
			time.Sleep(20 * time.Second) // longer than a recovery is held for flapping
		}
		time.Sleep(10 * time.Minute)
		seen, order := map[string]bool{}, map[string][]alert.Kind{}
		for _, x := range unwell.taken() {
			if d := x.event.Data; !seen[d.ID] { // what a reload interrupted may come again
				seen[d.ID] = true
				order[d.Session] = append(order[d.Session], d.Kind)
			}
		}
		for i := range sessions {
			if got := order[fmt.Sprint(i)]; !slices.Equal(got, want) {
				t.Errorf("session %d: %d notices %v, want %d", i, len(got), got, len(want))
			}
		}
		if n.waiting()["one"] != 0 || len(n.Undelivered()) > 0 {
			t.Errorf("%v waiting, %v", n.waiting(), n.Undelivered())
		}
	})
}
