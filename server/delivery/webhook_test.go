package delivery

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
		a.State(session("a", "live"))
		a.State(session("a", "suspect"))
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
					a.State(session(id, "live"))
					for _, state := range []string{"suspect", "dropped", "live", "ended"} {
						time.Sleep(3 * time.Second)
						a.State(session(id, state))
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
			a.State(session("a", state))
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
		a.State(session("a", "live"))
		a.State(session("a", "suspect"))
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
			a.State(session(fmt.Sprint(i), "live"))
			a.State(session(fmt.Sprint(i), "suspect"))
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

// The next run delivers what was in the queues when the server ended.
func TestRestartDelivers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		up := false
		r := newReceiver(t, func(got) int {
			if up {
				return 200
			}
			return 502
		})
		a, stop := begin(t, r, Options{Dir: dir})
		a.State(session("a", "live"))
		a.State(session("a", "suspect"))
		time.Sleep(2 * time.Second)
		a.State(session("a", "dropped"))
		time.Sleep(5 * time.Second)
		if _, err := New(Options{Dir: dir, Webhooks: []Webhook{{Name: "proctors", URL: "http://127.0.0.1/", Secret: secret}}}); err == nil {
			t.Error("two processes can use one queue")
		}
		stop()
		if b, err := os.ReadFile(filepath.Join(dir, "proctors.queue")); err != nil || strings.Count(string(b), `"put"`) != 2 {
			t.Errorf("%s, %v", b, err)
		}
		r.mu.Lock()
		up = true
		first := r.tries
		r.mu.Unlock()
		a, stop = begin(t, r, Options{Dir: dir})
		synctest.Wait()
		a.State(session("a", "live"))
		synctest.Wait()
		stop()
		var kinds []alert.Kind
		warnings := map[string]bool{}
		for _, x := range r.taken() {
			kinds = append(kinds, x.event.Data.Kind)
			warnings[x.event.Data.Warning] = true
		}
		if !slices.Equal(kinds, []alert.Kind{alert.Suspect, alert.Dropped, alert.Recovered}) || len(warnings) != 1 || first < 2 {
			t.Errorf("%v of %d warnings after %d attempts", kinds, len(warnings), first)
		}
	})
}

func TestWants(t *testing.T) {
	recovered := func(was alert.Kind) alert.Notice {
		return alert.Notice{Kind: alert.Recovered, State: alert.Cleared, Was: was, Exam: "e1"}
	}
	ended := func(was alert.Kind) alert.Notice {
		return alert.Notice{Kind: alert.Ended, State: alert.Cleared, Was: was, Exam: "e1", End: "silent"}
	}
	example := []alert.Kind{alert.Dropped, alert.ExamRelevant, alert.BelowMinimum, alert.Recovered, alert.Incident} // as in config.yaml
	for _, c := range []struct {
		name  string
		exams []string
		kinds []alert.Kind
		n     alert.Notice
		want  bool
	}{
		{"all", nil, nil, alert.Notice{Kind: alert.Suspect, Exam: "e1"}, true},
		{"its exam", []string{"e1"}, nil, alert.Notice{Kind: alert.Suspect, Exam: "e1"}, true},
		{"another exam", []string{"e2"}, nil, alert.Notice{Kind: alert.Suspect, Exam: "e1"}, false},
		{"incident of the server with its exam", []string{"e2"}, nil, alert.Notice{Kind: alert.Incident, Counts: &alert.IncidentCounts{Exams: []string{"e1", "e2"}}}, true},
		{"incident without its exam", []string{"e3"}, nil, alert.Notice{Kind: alert.Incident, Counts: &alert.IncidentCounts{Exams: []string{"e1", "e2"}}}, false},
		{"its kind", nil, []alert.Kind{alert.Dropped}, alert.Notice{Kind: alert.Dropped}, true},
		{"another kind", nil, []alert.Kind{alert.Dropped}, alert.Notice{Kind: alert.Suspect}, false},
		{"recovered after a notice", nil, []alert.Kind{alert.Dropped, alert.Recovered}, recovered(alert.ExamRelevant), true},
		{"recovered without a notice", nil, []alert.Kind{alert.Dropped, alert.Recovered}, recovered(alert.Suspect), false},
		{"recovered rate without a notice", nil, []alert.Kind{alert.Dropped, alert.Recovered}, recovered(alert.BelowMinimum), false},
		{"recovered rate", nil, []alert.Kind{alert.BelowMinimum, alert.Recovered}, recovered(alert.BelowMinimum), true},
		{"recovered not wanted", nil, []alert.Kind{alert.Dropped}, recovered(alert.Dropped), false},
		{"ended", nil, nil, ended(""), true},
		{"ended, its kind", nil, []alert.Kind{alert.Ended}, ended(""), true},
		{"ended, its kind, without a notice", nil, []alert.Kind{alert.Ended}, ended(alert.Dropped), true},
		{"ended after a notice", nil, example, ended(alert.Dropped), true},
		{"ended after a notice of an earlier stage", nil, []alert.Kind{alert.Dropped, alert.Recovered}, ended(alert.ExamRelevant), true},
		{"ended after a low rate", nil, example, ended(alert.BelowMinimum), true},
		{"ended without a notice", nil, example, ended(alert.Suspect), false},
		{"ended without a warning", nil, example, ended(""), false},
		{"ended, recovered not wanted", nil, []alert.Kind{alert.Dropped}, ended(alert.Dropped), false},
		{"ended, another exam", []string{"e2"}, example, ended(alert.Dropped), false},
	} {
		if got := (Webhook{Exams: c.exams, Kinds: c.kinds}).wants(c.n); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	good := Webhook{Name: "a", URL: "https://x.example/h", Secret: secret}
	for name, change := range map[string]func(*Webhook){
		"no name": func(w *Webhook) { w.Name = "" }, "a path": func(w *Webhook) { w.Name = "../a" }, "alertmanager": func(w *Webhook) { w.Name = AlertmanagerName },
		"http": func(w *Webhook) { w.URL = "http://x.example/h" }, "no host": func(w *Webhook) { w.URL = "https:///h" },
		"a short secret": func(w *Webhook) { w.Secret = "whsec_YWJj" }, "no secret": func(w *Webhook) { w.Secret = "" },
	} {
		w := good
		change(&w)
		if _, err := New(Options{Webhooks: []Webhook{w}}); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := New(Options{Webhooks: []Webhook{good, good}}); err == nil {
		t.Error("two webhooks of one name")
	}
	if _, err := New(Options{Webhooks: []Webhook{good}, Alertmanager: Alertmanager{URLs: []string{"ftp://x"}}}); err == nil {
		t.Error("an Alertmanager by ftp")
	}
	if _, err := New(Options{Webhooks: []Webhook{good}}); err != nil {
		t.Error(err)
	}
}

// Addresses of receivers may hold secrets: they are in no log.
func TestLogsShowNoAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text strings.Builder
		log := slog.New(slog.NewTextHandler(&text, nil))
		r := newReceiver(t, func(got) int { return 400 })
		o := Options{Log: log, Webhooks: []Webhook{{Name: "x", URL: "http://127.0.0.1/very-secret", Secret: secret}},
			Dial: func(context.Context, string, string) (net.Conn, error) { return nil, net.ErrClosed }}
		a, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- a.Run(ctx) }()
		a.State(session("a", "live"))
		a.State(session("a", "suspect"))
		synctest.Wait()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		b, stop := begin(t, r, Options{Log: log})
		b.State(session("a", "live"))
		b.State(session("a", "suspect"))
		synctest.Wait()
		stop()
		if s := text.String(); strings.Contains(s, "very-secret") || strings.Contains(s, "/hook") || strings.Contains(s, "s-a") || strings.Contains(s, secret) ||
			!strings.Contains(s, "notice not delivered") || !strings.Contains(s, "notice given up") {
			t.Error(s)
		}
	})
}

func FuzzCheckURL(f *testing.F) {
	for _, s := range []string{"https://a.example/h", "http://localhost:1/", "http://[::1]:80/x?y=z", "http://10.0.0.1/", "https://u:p@h/", "https://[fe80::1%25eth0]/", "//x", "https:h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if CheckURL(s) != nil {
			return
		}
		req, err := http.NewRequest(http.MethodPost, s, nil)
		if err != nil {
			t.Fatalf("%q is accepted, but makes no request: %v", s, err)
		}
		if req.URL.Scheme != "https" && !loopback(req.URL.Hostname()) {
			t.Errorf("%q is accepted", s)
		}
		if CheckAlertmanagerURL(s) == nil && (req.URL.RawQuery != "" || req.URL.Fragment != "") {
			t.Errorf("%q is accepted for an Alertmanager", s)
		}
	})
}
