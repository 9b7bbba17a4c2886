// Package api is the operators' HTTP interface to a running server: response
// types, handlers, and a client.
//
// It knows neither how callers authenticate, which is package auth's, nor how a
// server obtains its answers.
package api

import (
	"log/slog"
	"net/http"
	"time"

	"examlink/server/alert"
	"examlink/server/auth"
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
}

// SessionEntry is one live session.
type SessionEntry struct {
	Session    string    `json:"session"`
	Exam       string    `json:"exam"`
	Student    string    `json:"student"` // pseudonym
	Purpose    string    `json:"purpose"` // check, watch
	Transport  string    `json:"transport"`
	State      string    `json:"state"`
	Since      time.Time `json:"since"` // when the state began
	LastPacket time.Time `json:"last_packet"`
	Silent     float64   `json:"silent_seconds"`
	Probes     uint64    `json:"probes"`
	Seen       struct {
		Upload *alert.Rate `json:"upload,omitempty"`
	} `json:"seen"`
	Claimed struct {
		Download *alert.Rate   `json:"download,omitempty"`
		Warnings []alert.Claim `json:"warnings,omitempty"`
	} `json:"claimed"`
	Warnings []alert.Notice `json:"warnings"` // active warnings raised by the server
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
	Notifier() *delivery.Notifier // nil: notifications are off
	Exams() *exam.Manager
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

// sessions lists the live sessions of an exam, or all if exam is empty.
func (a *API) sessions(exam string) SessionsPage {
	now := time.Now()
	page := SessionsPage{SessionsSchema, now.Round(0), []SessionEntry{}, []alert.Notice{}}
	active := map[string][]alert.Notice{}
	for _, n := range a.active() {
		if n.Kind == alert.Incident {
			page.Incidents = append(page.Incidents, n)
		} else {
			active[n.Session] = append(active[n.Session], n)
		}
	}
	for _, i := range a.source.Sessions() {
		if exam != "" && i.Exam != exam || i.State == session.Ended {
			continue
		}
		e := SessionEntry{
			Session: i.Session, Exam: i.Exam, Student: i.Student, Purpose: i.Purpose, Transport: string(i.Transport), State: string(i.State),
			Since: i.Since.Round(0), LastPacket: now.Add(-i.Silent).Round(0), Silent: i.Silent.Seconds(), Probes: i.Probes,
			Warnings: append([]alert.Notice{}, active[i.Session]...),
		}
		e.Seen.Upload, e.Claimed.Download = a.rates(i.Session)
		if i.Claims != nil {
			for _, w := range i.Claims.Active() {
				e.Claimed.Warnings = append(e.Claimed.Warnings, alert.Claim{Kind: string(w.Kind), Since: w.Since, Cause: string(w.Cause)})
			}
		}
		page.Sessions = append(page.Sessions, e)
	}
	return page
}
