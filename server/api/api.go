// Package api is the operators' HTTP interface to a running server: its answers'
// types, the handlers, and a client.
//
// It refuses to know who asks, which is package auth's, and how a server comes by
// what it answers.
package api

import (
	"encoding/json"
	"net/http"
	"time"

	"examlink/server/alert"
	"examlink/server/auth"
	"examlink/server/delivery"
	"examlink/server/session"
)

// The paths, and the schemas of their answers.
const (
	SessionsPath    = "/api/v1/sessions"
	WarningsPath    = "/api/v1/warnings"
	UndeliveredPath = "/api/v1/undelivered"

	SessionsSchema    = "examlink.sessions/1"
	WarningsSchema    = "examlink.warnings/1"
	UndeliveredSchema = "examlink.undelivered/1"
)

// SessionsPage is the answer to SessionsPath.
type SessionsPage struct {
	Schema    string         `json:"schema"`
	At        time.Time      `json:"at"`
	Sessions  []SessionEntry `json:"sessions"`  // worst first
	Incidents []alert.Notice `json:"incidents"` // that are active
}

// SessionEntry is one live session.
type SessionEntry struct {
	Session    string    `json:"session"`
	Exam       string    `json:"exam"`
	Student    string    `json:"student"` // pseudonym
	Purpose    string    `json:"purpose"` // check, watch
	Transport  string    `json:"transport"`
	State      string    `json:"state"`
	Since      time.Time `json:"since"` // the state
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
	Warnings []alert.Notice `json:"warnings"` // the server's own that are active
}

// WarningsPage is the answer to WarningsPath.
type WarningsPage struct {
	Schema   string         `json:"schema"`
	At       time.Time      `json:"at"`
	Warnings []alert.Notice `json:"warnings"` // and incidents, the oldest first
}

// UndeliveredPage is the answer to UndeliveredPath.
type UndeliveredPage struct {
	Schema      string                 `json:"schema"`
	At          time.Time              `json:"at"`
	Undelivered []delivery.Undelivered `json:"undelivered"`
}

// Source is the server that is asked.
type Source interface {
	Sessions() []session.Info
	Notifier() *delivery.Notifier // nil: nobody is notified
}

// API answers operators' questions about students.
type API struct {
	source Source
	auth   auth.Authenticator
}

// New makes an API for those whom the authenticator lets in.
func New(s Source, a auth.Authenticator) *API { return &API{s, a} }

// Mount adds the API to a listener.
func (a *API) Mount(to interface {
	Handle(pattern string, h http.Handler)
}) {
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

// page answers operators with JSON.
func (a *API) page(make func(*http.Request) any) http.Handler {
	return auth.Require(a.auth, func(w http.ResponseWriter, r *http.Request, _ auth.Principal) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		_ = json.NewEncoder(w).Encode(make(r)) // the client may be gone
	}, auth.Operator)
}

// active are the active warnings and incidents.
func (a *API) active() []alert.Notice {
	if n := a.source.Notifier(); n != nil {
		return n.Active()
	}
	return nil
}

// rates are the latest readings of a session.
func (a *API) rates(session string) (up, down *alert.Rate) {
	if n := a.source.Notifier(); n != nil {
		return n.Rates(session)
	}
	return nil, nil
}

// sessions lists the live sessions of an exam, or all.
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
