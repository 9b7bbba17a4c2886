// Package api is the operators' HTTP interface to a running server: response
// types, handlers, and a client.
//
// It knows neither how callers authenticate, which is package auth's, nor how a
// server obtains its answers.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"examlink/server/alert"
	"examlink/server/auth"
	"examlink/server/cluster"
	"examlink/server/delivery"
	"examlink/server/exam"
	"examlink/server/session"
)

// Paths and the schemas of their responses.
const (
	SessionsPath    = "/api/v1/sessions"
	WarningsPath    = "/api/v1/warnings"
	UndeliveredPath = "/api/v1/undelivered"

	SessionsSchema    = "examlink.sessions/1"
	WarningsSchema    = "examlink.warnings/1"
	UndeliveredSchema = "examlink.undelivered/1"
)

// SessionsPage is the response to SessionsPath.
type SessionsPage struct {
	Schema    string         `json:"schema"`
	At        time.Time      `json:"at"`
	Sessions  []SessionEntry `json:"sessions"`  // worst first
	Incidents []alert.Notice `json:"incidents"` // active ones
	Absent    []AbsentEntry  `json:"absent"`    // by exam and student
}

// AbsentEntry is one student on the roster of an exam in progress who has no session and
// had none since the exam began, although there was time for it.
type AbsentEntry struct {
	Exam    string         `json:"exam"`
	Student string         `json:"student"` // pseudonym
	State   alert.Presence `json:"state"`   // never-connected
	Since   time.Time      `json:"since"`   // when the exam began
}

// WarningsPage is the response to WarningsPath.
type WarningsPage struct {
	Schema   string         `json:"schema"`
	At       time.Time      `json:"at"`
	Warnings []alert.Notice `json:"warnings"` // with incidents, oldest first
}

// UndeliveredPage is the response to UndeliveredPath.
type UndeliveredPage struct {
	Schema      string                 `json:"schema"`
	At          time.Time              `json:"at"`
	Undelivered []delivery.Undelivered `json:"undelivered"`
}

// Source is the server behind the API.
type Source interface {
	Sessions() []session.Info
	Absent() []alert.Absentee     // by exam and student
	Notifier() *delivery.Notifier // nil: notifications are off
	Exams() *exam.Manager
	// Elsewhere returns the sessions of other servers that share the store.
	Elsewhere() []cluster.Session
	// Drain has the clients go on with other servers, or takes sessions again. The error
	// is ErrConflict if there is no other server.
	Drain(ctx context.Context, on bool) error
	Draining() Drain
}

// API serves information about students to operators.
type API struct {
	source Source
	auth   auth.Authenticator
	log    *slog.Logger
}

// New makes an API protected by an authenticator.
func New(s Source, a auth.Authenticator, log *slog.Logger) *API { return &API{s, a, log} }

// mux is what handlers are added to.
type mux interface {
	Handle(pattern string, h http.Handler)
}

// Mount adds the API to a listener.
func (a *API) Mount(to mux) {
	a.mountExams(to)
	a.mountDrain(to)
	a.mountDescription(to)
	to.Handle("GET "+SessionsPath, a.page(func(r *http.Request) any { return a.sessions(r.FormValue("exam")) }))
	to.Handle("GET "+WarningsPath, a.page(func(*http.Request) any {
		return WarningsPage{WarningsSchema, time.Now().Round(0), append([]alert.Notice{}, a.active()...)}
	}))
	to.Handle("GET "+UndeliveredPath, a.page(func(*http.Request) any {
		page := UndeliveredPage{UndeliveredSchema, time.Now().Round(0), []delivery.Undelivered{}}
		if n := a.source.Notifier(); n != nil {
			page.Undelivered = n.Undelivered()
		}
		return page
	}))
}

// page serves JSON to operators.
func (a *API) page(make func(*http.Request) any) http.Handler {
	return a.operators(func(w http.ResponseWriter, r *http.Request) error { return answer(w, http.StatusOK, make(r)) })
}

// active returns the active warnings and incidents.
func (a *API) active() []alert.Notice {
	if n := a.source.Notifier(); n != nil {
		return n.Active()
	}
	return nil
}

// rates returns the latest readings of a session.
func (a *API) rates(session string) (up, down *alert.Rate) {
	if n := a.source.Notifier(); n != nil {
		return n.Rates(session)
	}
	return nil, nil
}
