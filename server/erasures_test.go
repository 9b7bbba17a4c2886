package server_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/delivery"
	"examlink/server/store"
	"examlink/server/store/memory"
)

// everythingOf says what a store has of exam e1 and student s1, by kind.
func everythingOf(t *testing.T, kept store.Store) (kinds []string) {
	t.Helper()
	has := func(kind string, n int, err error) {
		if err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			kinds = append(kinds, kind)
		}
	}
	ctx := context.WithoutCancel(t.Context())
	students, err := kept.Roster().List(ctx, "e1", store.Page{})
	has("roster", len(students), err)
	receipts, err := kept.Receipts().List(ctx, "e1", store.Page{})
	has("receipts", len(receipts), err)
	sessions, err := kept.Sessions().List(ctx, store.Page{})
	has("sessions", len(sessions), err)
	q, err := kept.Queue(ctx, "proctors")
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	messages, err := q.Waiting(ctx)
	has("messages", len(messages), err)
	lost, err := q.Undelivered(ctx)
	has("undelivered", len(lost), err)
	return kinds
}

// A student who is erased while a watch is live, alerts wait for a receiver that is away,
// and the receipt of a check waits for the store, is erased by that one call: nothing
// comes into the store afterwards.
func TestEraseIsComplete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := &absentStore{Store: memory.New()}
		s := newTestbed(t, server.Limits{})
		hook := delivery.Webhook{Name: "proctors", URL: "http://127.0.0.1/hook", Secret: "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}
		s.notify = &delivery.Options{Webhooks: []delivery.Webhook{hook}, Hold: -1, Dial: func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("the receiver is away")
		}}
		s.startWith(kept)
		exams := s.srv.Exams()
		if _, err := exams.Create(t.Context(), store.Exam{ID: "e1", Title: "Algebra", Start: time.Now().Add(time.Hour), End: time.Now().Add(2 * time.Hour), Zone: "UTC"}); err != nil {
			t.Fatal(err)
		}
		if err := kept.Roster().Put(t.Context(), "e1", []store.Student{{ID: "s1"}}); err != nil {
			t.Fatal(err)
		}
		watch := s.call(s.host("10.0.0.2:5000"), s.good("t1"), "")
		watch.probes(1, 3*time.Second)
		time.Sleep(3 * time.Second) // suspect
		watch.probes(100, 2*time.Second)
		kept.leave(errors.New("no space left on device"))
		if _, m := s.checked("10.0.0.3:5000", s.good("t2")); m.Refused == nil || m.Refused.Reason != wire.RefusedBusy {
			t.Fatalf("without a store: %+v", m)
		}
		kept.comeBack()
		removed, err := exams.Erase(t.Context(), "e1", "s1")
		if err != nil || !removed.Roster || removed.Sessions+removed.Notifications == 0 {
			t.Errorf("%+v, %v", removed, err)
		}
		if n := len(s.srv.Sessions()); n > 0 {
			t.Errorf("%d sessions go on", n)
		}
		time.Sleep(time.Minute)
		if n := s.srv.Notifier().Undelivered(); len(n) > 0 {
			t.Errorf("given up: %+v", n)
		}
		s.stop()
		if kinds := everythingOf(t, kept); len(kinds) > 0 {
			t.Errorf("afterwards there are %v", kinds)
		}
		s.start(server.Limits{})
	})
}
