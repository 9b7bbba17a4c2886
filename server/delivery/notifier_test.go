package delivery

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"examlink/server/alert"
	"examlink/server/store/memory"
)

// The next run delivers what was in the queues when the server ended.
func TestRestartDelivers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, kept := t.TempDir(), memory.New()
		up := false
		r := newReceiver(t, func(got) int {
			if up {
				return 200
			}
			return 502
		})
		a, stop := begin(t, r, Options{Dir: dir, Queues: queuesOf(kept)})
		a.State(sessionNamed("a", "live"))
		a.State(sessionNamed("a", "suspect"))
		time.Sleep(2 * time.Second)
		a.State(sessionNamed("a", "dropped"))
		time.Sleep(5 * time.Second)
		if _, err := New(Options{Dir: dir, Queues: queuesOf(kept), Webhooks: []Webhook{{Name: "proctors", URL: "http://127.0.0.1/", Secret: secret}}}); err == nil {
			t.Error("two notifiers can use one queue")
		}
		stop()
		q, err := kept.Queue(t.Context(), "proctors")
		if err != nil {
			t.Fatal(err)
		}
		if list, err := q.Waiting(t.Context()); err != nil || len(list) != 2 || q.Close() != nil {
			t.Errorf("%+v, %v", list, err)
		}
		r.mu.Lock()
		up = true
		first := r.tries
		r.mu.Unlock()
		a, stop = begin(t, r, Options{Dir: dir, Queues: queuesOf(kept)})
		synctest.Wait()
		a.State(sessionNamed("a", "live"))
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
		a.State(sessionNamed("a", "live"))
		a.State(sessionNamed("a", "suspect"))
		synctest.Wait()
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		b, stop := begin(t, r, Options{Log: log})
		b.State(sessionNamed("a", "live"))
		b.State(sessionNamed("a", "suspect"))
		synctest.Wait()
		stop()
		if s := text.String(); strings.Contains(s, "very-secret") || strings.Contains(s, "/hook") || strings.Contains(s, "s-a") || strings.Contains(s, secret) ||
			!strings.Contains(s, "notice not delivered") || !strings.Contains(s, "notice given up") {
			t.Error(s)
		}
	})
}

// New minima apply to the next readings.
func TestMinimaChange(t *testing.T) {
	a, err := New(Options{MinimumUp: 384e3, MinimumDown: 768e3})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	active := func(value float64) int {
		now = now.Add(time.Second)
		s := alert.Session{Session: "a", Exam: "e", Student: "p", State: "live", At: now, LastPacket: now, Transport: "udp"}
		a.State(s)
		a.Reading(s, reads(value, value*0.98, value*1.02))
		a.process(now)
		return len(a.Active())
	}
	if n := active(500e3); n != 0 {
		t.Errorf("%d warnings above the minimum", n)
	}
	a.Minima(1e6, 2e6)
	if n := active(500e3); n != 1 {
		t.Errorf("%d warnings at half of the new minimum, want 1", n)
	}
}

// A receiver's answers, good or not, show its clock, also after a reload.
func TestClockOfReceivers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReceiver(t, func(got) int { return 401 })
		r.date = time.Now().Add(-2 * time.Hour)
		var mu sync.Mutex
		read := map[string]time.Duration{}
		o := Options{Date: func(receiver string, theirs time.Time) {
			mu.Lock()
			defer mu.Unlock()
			read[receiver] = time.Since(theirs).Round(time.Minute)
		}}
		a, stop := begin(t, r, o)
		for _, reload := range []bool{false, true} {
			if reload {
				clear(read)
				n := a.o
				n.Date, n.Webhooks = nil, slices.Clone(n.Webhooks)
				n.Webhooks[0].Timeout = 3 * time.Second
				if err := a.Reload(n); err != nil {
					t.Fatal(err)
				}
			}
			a.State(sessionNamed(fmt.Sprint(reload), "live"))
			a.State(sessionNamed(fmt.Sprint(reload), "suspect"))
			time.Sleep(time.Second)
			mu.Lock()
			if read["proctors"] != 2*time.Hour {
				t.Errorf("reloaded %v: the receivers' clocks are behind by %v, want 2 h", reload, read)
			}
			mu.Unlock()
		}
		stop()
	})
}
