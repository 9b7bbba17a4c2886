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
	"examlink/server/board"
	"examlink/server/cluster"
	"examlink/server/delivery"
	"examlink/server/exam"
	"examlink/server/session"
	"examlink/server/store"
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
	// AbsentUnknown are the exams in progress of which it is not known yet who is absent:
	// the server was started in mid-exam, and students still have time to come back.
	AbsentUnknown []string `json:"absent_unknown"`
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
	AbsentUnknown() []string      // exams of which it is not known yet who is absent
	Notifier() *delivery.Notifier // nil: notifications are off
	Exams() *exam.Manager
	// Elsewhere returns the sessions of other servers that share the store.
	Elsewhere() []cluster.Session
	// Drain has the clients go on with other servers, or takes sessions again. The error
	// is ErrConflict if there is no other server.
	Drain(ctx context.Context, on bool) error
	Draining() Drain
	Audit() store.Audit
	Board() *board.Board
}

// API serves information about students to operators and proctors.
type API struct {
	source  Source
	auth    auth.Authenticator
	log     *slog.Logger
	audit   *auditor
	readers readers
}

// New makes an API protected by an authenticator.
func New(s Source, a auth.Authenticator, log *slog.Logger) *API {
	return &API{source: s, auth: a, log: log, audit: newAuditor(s.Audit, log)}
}

// mux is what handlers are added to.
type mux interface {
	Handle(pattern string, h http.Handler)
}

func (a *API) sessionRoutes() []Route {
	return []Route{
		{Method: http.MethodGet, Path: SessionsPath, Roles: proctors, Does: store.Viewed, Views: "sessions", answer: func(_ http.ResponseWriter, r *http.Request) (any, error) {
			return a.sessions(r.FormValue("exam"), callOf(r).by), nil
		}},
		{Method: http.MethodGet, Path: WarningsPath, Roles: proctors, Does: store.Viewed, Views: "warnings", answer: func(_ http.ResponseWriter, r *http.Request) (any, error) {
			return WarningsPage{WarningsSchema, time.Now().Round(0), append([]alert.Notice{}, a.active(callOf(r).by)...)}, nil
		}},
		{Method: http.MethodGet, Path: UndeliveredPath, Roles: operators, Does: store.Viewed, Views: "undelivered", answer: func(http.ResponseWriter, *http.Request) (any, error) {
			page := UndeliveredPage{UndeliveredSchema, time.Now().Round(0), []delivery.Undelivered{}}
			if n := a.source.Notifier(); n != nil {
				page.Undelivered = n.Undelivered()
			}
			return page, nil
		}},
	}
}

// active returns the active warnings and incidents that a principal may see. An incident
// of the whole server is nobody's exam, and has no student: everybody sees it.
func (a *API) active(by auth.Principal) (list []alert.Notice) {
	if n := a.source.Notifier(); n != nil {
		for _, x := range n.Active() {
			if by.MaySee(x.Exam) || x.Exam == "" && x.Student == "" {
				list = append(list, x)
			}
		}
	}
	return list
}

// rates returns the latest readings of a session: those that the metrics and the board
// show.
func (a *API) rates(session string) (up, down *alert.Rate) {
	b := a.source.Board()
	row, ok := b.Session(session)
	if !ok {
		return nil, nil
	}
	minimum := b.Minimum(row.Exam)
	return rateOf(row.Upload, minimum.Upload), rateOf(row.Download, minimum.Download)
}

func rateOf(r *board.Rate, minimum float64) *alert.Rate {
	if r == nil {
		return nil
	}
	return &alert.Rate{Value: r.Value, Low: r.Low, High: r.High, Minimum: minimum, At: r.At.Round(0)}
}
