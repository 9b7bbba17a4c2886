package delivery

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"examlink/server/alert"
)

func TestWebhookIsSignedAndComplete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver(t, nil)
		a, stop := begin(t, r, Options{})
		defer stop()
		a.State(sessionNamed("a", "live"))
		a.State(sessionNamed("a", "suspect"))
		synctest.Wait()
		took := r.taken()
		if len(took) != 1 {
			t.Fatalf("%d webhooks", len(took))
		}
		x := took[0]
		verify, err := webhooks.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		if err := verify.Verify(x.body, x.header); err != nil {
			t.Error(err)
		}
		if verify.Verify(append(slices.Clone(x.body), ' '), x.header) == nil {
			t.Error("a changed body verifies")
		}
		e := x.event
		if x.header.Get("webhook-id") != e.Data.ID || x.header.Get("Content-Type") != "application/json" || e.Schema != alert.Schema || e.Type != "session.suspect" {
			t.Errorf("%v %+v", x.header, e)
		}
		var loose struct{ Data map[string]any }
		if err := json.Unmarshal(x.body, &loose); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"id", "warning", "kind", "state", "severity", "exam", "session", "student", "since", "at", "last_packet", "seen", "claimed", "sentence"} {
			if loose.Data[key] == nil {
				t.Errorf("%s is not there: %s", key, x.body)
			}
		}
		if metric(t, a, "notifications_sent_total") != 1 || metric(t, a, "notifications_waiting") != 0 {
			t.Error("miscounted")
		}
		if list := a.Active(); len(list) != 1 || list[0].Kind != alert.Suspect {
			t.Errorf("%+v", list)
		}
	})
}

// A receiver that fails for a minute, in any way that receivers and their proxies
// fail, misses no notice: it gets each soon after, in order for each session, under
// the same id.
func TestReceiverFailsForAMinute(t *testing.T) {
	for _, status := range []int{500, 503, 404, 401, 429, 301, 408} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				back := time.Now().Add(time.Minute)
				ids := map[string]map[string]bool{}
				r := newReceiver(t, func(x got) int {
					if ids[x.event.Data.ID] == nil {
						ids[x.event.Data.ID] = map[string]bool{}
					}
					ids[x.event.Data.ID][string(x.body)] = true
					if x.at.Before(back) {
						return status
					}
					return 200
				})
				a, stop := begin(t, r, Options{Hold: -1})
				defer stop()
				want := map[string][]alert.Kind{}
				for i := range 6 {
					id := fmt.Sprint(i)
					a.State(sessionNamed(id, "live"))
					for _, state := range []string{"suspect", "dropped", "live", "ended"} {
						time.Sleep(3 * time.Second)
						a.State(sessionNamed(id, state))
					}
					want[id] = []alert.Kind{alert.Suspect, alert.Dropped, alert.Recovered, alert.Ended}
				}
				time.Sleep(time.Until(back) + 46*time.Second)
				order := map[string][]alert.Kind{}
				seen := map[string]bool{}
				for _, x := range r.taken() {
					n := x.event.Data
					if seen[n.ID] {
						t.Errorf("%s came twice", n.ID)
					}
					seen[n.ID] = true
					order[n.Session] = append(order[n.Session], n.Kind)
				}
				if fmt.Sprint(order) != fmt.Sprint(want) {
					t.Errorf("got %v", order)
				}
				for id, bodies := range ids {
					if len(bodies) != 1 {
						t.Errorf("%s came with %d different bodies", id, len(bodies))
					}
				}
				if n := r.attempts(); n > 24+6*12 {
					t.Errorf("%d attempts: no back-off", n)
				}
				if a.Undelivered(); metric(t, a, "notifications_sent_total") != 24 || metric(t, a, "notifications_failed_total") != float64(r.attempts()-24) {
					t.Error("miscounted")
				}
			})
		})
	}
}

// A message that the receiver rejects is given up at once and delays no other.
func TestFinalAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver(t, func(x got) int {
			if x.event.Data.Kind == alert.Suspect {
				return 422
			}
			return 200
		})
		a, stop := begin(t, r, Options{})
		defer stop()
		for _, state := range []string{"live", "suspect", "dropped"} {
			a.State(sessionNamed("a", state))
		}
		synctest.Wait()
		if took := r.taken(); len(took) != 1 || took[0].event.Data.Kind != alert.Dropped || r.attempts() != 2 {
			t.Errorf("%d taken of %d", len(took), r.attempts())
		}
		u := a.Undelivered()
		if len(u) != 1 || u[0].Kind != alert.Suspect || u[0].Why != "answer 422, expected 2xx" || u[0].Sentence == "" || u[0].Receiver != "proctors" {
			t.Errorf("%+v", u)
		}
		if metric(t, a, "notifications_undelivered_total") != 1 {
			t.Error("miscounted")
		}
	})
}

func TestTooOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver(t, func(got) int { return 500 })
		a, stop := begin(t, r, Options{MaxAge: time.Hour})
		defer stop()
		a.State(sessionNamed("a", "live"))
		a.State(sessionNamed("a", "suspect"))
		time.Sleep(time.Hour - time.Second)
		if len(a.Undelivered()) != 0 {
			t.Error("given up too early")
		}
		time.Sleep(46 * time.Second) // an attempt may be under way, or due
		if u := a.Undelivered(); len(u) != 1 || u[0].Why != "not delivered within 1h0m0s" {
			t.Errorf("%+v", u)
		}
		n := r.attempts()
		time.Sleep(time.Hour)
		if r.attempts() != n {
			t.Error("attempts go on")
		}
	})
}

// An attempt that the receiver does not answer times out, and delays the notices of
// other sessions no longer than that.
func TestReceiverHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		r := &receiver{t: t, pipes: pipes{make(chan net.Conn), make(chan struct{})}}
		n := 0
		srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			r.mu.Lock()
			n++
			first := n <= inFlight
			r.mu.Unlock()
			if first {
				<-hang
				return
			}
			r.ServeHTTP(w, req)
		})}
		go func() { _ = srv.Serve(&r.pipes) }()
		defer srv.Close()
		defer close(hang)
		a, stop := begin(t, r, Options{Hold: -1, Webhooks: []Webhook{{Timeout: 2 * time.Second}}, Incident: alert.IncidentRule{Sessions: 100, Share: 1, Window: time.Second}})
		defer stop()
		for i := range 8 {
			a.State(sessionNamed(fmt.Sprint(i), "live"))
			a.State(sessionNamed(fmt.Sprint(i), "suspect"))
		}
		time.Sleep(1900 * time.Millisecond)
		if len(r.taken()) != 0 {
			t.Error("an attempt that hangs was answered")
		}
		time.Sleep(2 * time.Second)
		if n := len(r.taken()); n != 8 {
			t.Errorf("%d of 8 arrived", n)
		}
	})
}
