package main

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"examlink/docs/schemas"
	"examlink/probe/netsim"
	"examlink/server/alert"
	"examlink/server/api"
	"examlink/server/auth"
	"examlink/server/store"
)

// What a live server sends and answers has the form of the published schemas: with a
// student who is cut off, one who is slow, an incident, and a receiver that rejects
// some notifications.
func TestAnswersHaveTheirSchemas(t *testing.T) {
	schemas.Fields[api.SessionsPage](t, api.SessionsSchema)
	schemas.Fields[api.WarningsPage](t, api.WarningsSchema)
	schemas.Fields[api.UndeliveredPage](t, api.UndeliveredSchema)
	schemas.Fields[alert.Event](t, alert.Schema)
	synctest.Test(t, func(t *testing.T) {
		h := newTestbed(t, "s1", "s2", "s3", "s4", "s5")
		h.proctor.answer = func(n alert.Notice) int {
			if n.Kind == alert.Suspect {
				return http.StatusUnprocessableEntity
			}
			return http.StatusOK
		}
		mux := http.NewServeMux()
		h.srv.API(auth.NewOperatorToken("token")).Mount(mux)
		q, err := api.NewClient("http://127.0.0.1", "token", nil)
		if err != nil {
			t.Fatal(err)
		}
		q = q.WithTransport(handlerTransport{mux})
		bodies := map[string][][]byte{}
		ask := func() (api.SessionsPage, api.WarningsPage, api.UndeliveredPage) {
			ctx := context.Background()
			sessions, b1, err1 := q.Sessions(ctx, "")
			warnings, b2, err2 := q.Warnings(ctx)
			undelivered, b3, err3 := q.Undelivered(ctx)
			if err1 != nil || err2 != nil || err3 != nil {
				t.Fatal(err1, err2, err3)
			}
			for schema, b := range map[string][]byte{api.SessionsSchema: b1, api.WarningsSchema: b2, api.UndeliveredSchema: b3} {
				bodies[schema] = append(bodies[schema], b)
			}
			return sessions, warnings, undelivered
		}
		ask()
		for id, students := range map[string][]store.Student{"e1": {{ID: "s1"}, {ID: "x1"}}, "e2": {{ID: "x1"}, {ID: "x2"}, {ID: "x3"}, {ID: "x4"}}} {
			start := time.Now().Add(-time.Minute)
			if err := h.srv.Store().Exams().Create(t.Context(), store.Exam{ID: id, Start: start, End: start.Add(8 * time.Minute), Zone: "UTC", Policy: "default"}); err != nil {
				t.Fatal(err)
			}
			if err := h.srv.Store().Roster().Put(t.Context(), id, students); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(3 * time.Minute)
		if s, w, _ := ask(); len(s.Absent) != 5 || len(w.Warnings) != 2 {
			t.Errorf("%+v\n%+v", s.Absent, w)
		}
		h.clients["s3"].Up.Update(func(p *netsim.Params) { p.Rate = 0.2e6 })
		time.Sleep(5 * time.Minute)
		h.cut(true, "s2")
		time.Sleep(10 * time.Second)
		if s, w, u := ask(); len(s.Sessions) != 5 || len(w.Warnings) < 2 || len(u.Undelivered) == 0 || s.Sessions[4].Claimed.Download == nil {
			t.Errorf("%+v\n%+v\n%+v", s, w, u)
		}
		h.cut(false, "s2")
		time.Sleep(30 * time.Second)
		h.cut(true, "s1", "s2", "s4", "s5")
		time.Sleep(10 * time.Second)
		if s, _, _ := ask(); len(s.Incidents) != 1 {
			t.Errorf("%+v", s.Incidents)
		}
		h.cut(false, "s1", "s2", "s4", "s5")
		time.Sleep(2 * time.Minute)
		h.leave["s4"]()
		time.Sleep(10 * time.Second)
		ask()
		for schema, list := range bodies {
			schemas.Test(t, schema, list...)
		}
		schemas.Test(t, alert.Schema, h.proctor.bodies()...)
	})
}
