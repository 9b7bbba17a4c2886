package api

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"examlink/server/auth"
	"examlink/server/store"
)

// Route is one operation of the API: who may ask for it, and what it leaves in the audit
// log.
type Route struct {
	Method string
	Path   string // a pattern of net/http's; {exam} and {student} are identifiers
	// Roles may ask. A proctor may for the exams assigned only: a path with {exam} is
	// refused for another one, and a list has nothing of others.
	Roles []auth.Role
	// Does is its action in the audit log; empty: the answer has nothing about students,
	// and no entry is written.
	Does store.Action
	// Views says what is looked at, if Does is store.Viewed.
	Views string

	answer func(http.ResponseWriter, *http.Request) (any, error)
}

// Who may ask.
var (
	operators = []auth.Role{auth.Operator}
	proctors  = []auth.Role{auth.Operator, auth.Proctor}
)

// Routes lists the operations of the API.
func Routes() []Route { return new(API).routes() }

func (a *API) routes() []Route {
	return slices.Concat(a.examRoutes(), a.rosterRoutes(), a.tokenRoutes(), a.proctorRoutes(), a.boardRoutes(), a.studentRoutes(), a.recordRoutes(), a.sessionRoutes(), a.drainRoutes(), a.auditRoutes(), descriptionRoutes())
}

// Mount adds the API to a listener.
func (a *API) Mount(to mux) {
	for _, rt := range a.routes() {
		to.Handle(rt.Method+" "+rt.Path, a.serve(rt))
	}
}

// created is an answer about something new.
type created struct{ what any }

// callKey is that of a context's call.
type callKey struct{}

// call is one request that was authorized.
type call struct {
	by    auth.Principal
	entry store.AuditEntry // what will be written, unless it changes something
}

func callOf(r *http.Request) *call { return r.Context().Value(callKey{}).(*call) }

// serve authorizes requests, has them written into the audit log, and answers. Errors are
// answered as problems.
func (a *API) serve(rt Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, status, why := authorize(a.auth, r, rt.Roles)
		c := &call{by: p, entry: entryOf(rt, p, r)}
		if status != http.StatusOK {
			a.audit.denied(r.Context(), c.entry, status)
			problem(status, why).write(w)
			return
		}
		ctx := context.WithValue(r.Context(), callKey{}, c)
		var change *store.AuditedChange
		if rt.changes() {
			ctx, change = store.Audited(ctx, c.entry)
		}
		v, err := rt.answer(w, r.WithContext(ctx))
		var failed *Problem
		if err != nil {
			failed = problemOf(err, a.log)
		}
		switch {
		case rt.Does == "":
		case change != nil:
			err = a.audit.changed(r.Context(), change, c.entry, failed)
		case failed != nil && failed.Status == http.StatusForbidden:
			a.audit.denied(r.Context(), c.entry, failed.Status)
		case failed == nil:
			err = a.audit.looked(r.Context(), c.entry)
		}
		if failed == nil && err != nil {
			failed = problemOf(err, a.log)
		}
		if failed != nil {
			failed.write(w)
			return
		}
		if f, ok := v.(stream); ok {
			f(w, r)
			return
		}
		answer(w, v)
	})
}

// authorize returns the principal of a request and 200, or the status to reject it with
// and why.
func authorize(by auth.Authenticator, r *http.Request, roles []auth.Role) (p auth.Principal, status int, why string) {
	p, status, why = auth.Authorize(by, r, roles...)
	for _, exam := range []string{r.PathValue("exam"), r.URL.Query().Get("exam")} {
		if status == http.StatusOK && exam != "" && !p.MaySee(exam) {
			return p, http.StatusForbidden, "not for this exam"
		}
	}
	return p, status, why
}

// changes reports whether a route changes what is stored.
func (rt Route) changes() bool {
	return rt.Does != "" && rt.Does != store.Viewed && rt.Does != store.Exported
}

// answer sends what a route answers with: JSON, or bytes whose type is set.
func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Cache-Control", "no-store")
	if b, ok := v.([]byte); ok {
		_, _ = w.Write(b) // fails if the client has disconnected
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if c, ok := v.(created); ok {
		w.WriteHeader(http.StatusCreated)
		v = c.what
	}
	_ = json.NewEncoder(w).Encode(v) // as above
}
