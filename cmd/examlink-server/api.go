package main

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"time"

	"examlink/server"
	"examlink/server/alert"
	"examlink/server/delivery"
)

// The admin API. Its header is not Authorization, which the listener's own basic
// authentication may use.
const (
	tokenHeader = "Examlink-Admin-Token"

	sessionsPath    = "/api/v1/sessions"
	warningsPath    = "/api/v1/warnings"
	undeliveredPath = "/api/v1/undelivered"

	sessionsSchema    = "examlink.sessions/1"
	warningsSchema    = "examlink.warnings/1"
	undeliveredSchema = "examlink.undelivered/1"
)

// sessionsPage is the answer to sessionsPath.
type sessionsPage struct {
	Schema    string         `json:"schema"`
	At        time.Time      `json:"at"`
	Sessions  []sessionEntry `json:"sessions"`  // worst first
	Incidents []alert.Notice `json:"incidents"` // that are active
}

// sessionEntry is one live session.
type sessionEntry struct {
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

// warningsPage is the answer to warningsPath.
type warningsPage struct {
	Schema   string         `json:"schema"`
	At       time.Time      `json:"at"`
	Warnings []alert.Notice `json:"warnings"` // and incidents, the oldest first
}

// undeliveredPage is the answer to undeliveredPath.
type undeliveredPage struct {
	Schema      string                 `json:"schema"`
	At          time.Time              `json:"at"`
	Undelivered []delivery.Undelivered `json:"undelivered"`
}

// api answers operators' questions about students. Who asks shows the token.
type api struct {
	token  string
	srv    *server.Server
	alerts *delivery.Notifier
}

// mount adds the API to a listener.
func (a api) mount(to interface {
	Handle(pattern string, h http.Handler)
}) {
	to.Handle("GET "+sessionsPath, a.guard(func(r *http.Request) any { return a.sessions(r.FormValue("exam")) }))
	to.Handle("GET "+warningsPath, a.guard(func(*http.Request) any {
		return warningsPage{warningsSchema, time.Now().Round(0), a.alerts.Active()}
	}))
	to.Handle("GET "+undeliveredPath, a.guard(func(*http.Request) any {
		return undeliveredPage{undeliveredSchema, time.Now().Round(0), a.alerts.Undelivered()}
	}))
}

// guard answers those who show the token, and nobody over a network in clear.
func (a api) guard(page func(*http.Request) any) http.Handler {
	want := sha256.Sum256([]byte(a.token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := sha256.Sum256([]byte(r.Header.Get(tokenHeader)))
		switch {
		case r.TLS == nil && !fromLoopback(r):
			http.Error(w, "not over a network without TLS", http.StatusForbidden)
		case subtle.ConstantTimeCompare(got[:], want[:]) != 1:
			http.Error(w, "the header "+tokenHeader+" does not hold the admin token", http.StatusUnauthorized)
		default:
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Cache-Control", "no-store")
			_ = json.NewEncoder(w).Encode(page(r)) // who has asked is gone
		}
	})
}

func fromLoopback(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// sessions lists the live sessions of an exam, or all.
func (a api) sessions(exam string) sessionsPage {
	now := time.Now()
	page := sessionsPage{sessionsSchema, now.Round(0), []sessionEntry{}, []alert.Notice{}}
	active := map[string][]alert.Notice{}
	for _, n := range a.alerts.Active() {
		if n.Kind == alert.Incident {
			page.Incidents = append(page.Incidents, n)
		} else {
			active[n.Session] = append(active[n.Session], n)
		}
	}
	for _, i := range a.srv.Sessions() {
		if exam != "" && i.Exam != exam || i.State == server.StateEnded {
			continue
		}
		s := sessionOf(i)
		e := sessionEntry{
			Session: i.Session, Exam: i.Exam, Student: i.Student, Purpose: i.Purpose, Transport: string(i.Transport), State: string(i.State),
			Since: i.Since.Round(0), LastPacket: s.LastPacket.Round(0), Silent: i.Silent.Seconds(), Probes: i.Probes, Warnings: active[i.Session],
		}
		if e.Warnings == nil {
			e.Warnings = []alert.Notice{}
		}
		e.Seen.Upload, e.Claimed.Download = a.alerts.Rates(i.Session)
		e.Claimed.Warnings = s.Claimed
		page.Sessions = append(page.Sessions, e)
	}
	return page
}
