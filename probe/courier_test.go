package probe_test

import (
	"encoding/json"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe"
	"examlink/probe/outbox"
	"examlink/probe/record"
	"examlink/probe/warning"
	"examlink/server/session"
)

// claims are the reports that the server keeps of the only session.
func (w *testbed) claims() *session.Claims {
	w.t.Helper()
	list := w.server.Sessions()
	if len(list) != 1 || list[0].Claims == nil {
		w.t.Fatalf("sessions %+v", list)
	}
	return list[0].Claims
}

// Reports from a time when the server was unreachable are delivered after the outage,
// in order and once.
func TestDeliveryAfterOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up, down := good()
		w := newTestbed(t, up, down)
		q, err := outbox.Open(outbox.Options{})
		if err != nil {
			t.Fatal(err)
		}
		n := newNeighbourhood()
		_, finish := w.watch(func(o *probe.Options) { o.Outbox, o.Attribution = q, n })
		time.Sleep(10*time.Minute + 10*time.Second)
		before := w.claims()
		if before.Reports != 10 || len(before.Warnings) != 0 || q.Stats().Waiting != 0 {
			t.Errorf("%+v, %+v", before, q.Stats())
		}
		var m record.Minute
		if err := json.Unmarshal(before.Minutes[4], &m); err != nil || m.Sent < 590 || m.Sent > 610 || m.To.Sub(m.From.Time).Round(time.Second) != time.Minute || m.BytesUp < 600*92 || len(before.Minutes[4]) > 1000 {
			t.Errorf("%+v, %v", m, err)
		}
		n.set(silentServer)
		w.cut(5 * time.Minute)
		if got := q.Stats().Waiting; got < 6 {
			t.Errorf("%d reports wait at the end of the outage", got)
		}
		time.Sleep(time.Minute)
		after := w.claims()
		if len(after.Warnings) != 1 || after.Warnings[0].Kind != warning.Outage || after.Warnings[0].Active() || after.Warnings[0].Cause != warning.CauseBeyond {
			t.Errorf("%+v", after.Warnings)
		}
		if d := after.Warnings[0].End.Sub(after.Warnings[0].Start).Round(time.Second); d < 5*time.Minute || d > 5*time.Minute+10*time.Second {
			t.Errorf("the outage is said to have lasted %v", d)
		}
		if after.Reports < 17 || q.Stats().Waiting != 0 {
			t.Errorf("%d reports, %+v", after.Reports, q.Stats())
		}
		if s := q.Stats(); s.Taken != after.Reports || s.Refused != 0 {
			t.Errorf("%d reports, %+v", after.Reports, s)
		}
		finish()
		if s := q.Stats(); s.Waiting > 0 {
			t.Errorf("%+v", s)
		}
	})
}

// The next client delivers the unsent reports of one that ended in an outage.
func TestDeliveryByTheNextRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up, down := good()
		w := newTestbed(t, up, down)
		o := outbox.Options{File: filepath.Join(t.TempDir(), "q"), Of: "me"}
		run := func(f func()) {
			q, err := outbox.Open(o)
			if err != nil {
				t.Fatal(err)
			}
			_, finish := w.watch(func(o *probe.Options) { o.Outbox = q })
			f()
			finish()
			if err := q.Close(); err != nil {
				t.Error(err)
			}
		}
		run(func() {
			time.Sleep(3 * time.Minute)
			go w.cut(time.Minute)
			time.Sleep(30 * time.Second)
		})
		time.Sleep(time.Minute)
		run(func() {
			time.Sleep(30 * time.Second)
			for _, s := range w.server.Sessions() {
				if s.State != session.Live {
					continue
				}
				if c := s.Claims; c == nil || len(c.Warnings) != 1 || c.Warnings[0].Kind != warning.Outage || c.Warnings[0].Subject == s.Session || !c.Warnings[0].End.IsZero() {
					t.Errorf("%+v", c)
				}
			}
		})
	})
}
