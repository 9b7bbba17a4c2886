package api

import (
	"slices"
	"time"

	"examlink/server/alert"
	"examlink/server/auth"
	"examlink/server/board"
	"examlink/server/cluster"
	"examlink/server/session"
)

// SessionEntry is one live session.
type SessionEntry struct {
	Session   string    `json:"session"`
	Exam      string    `json:"exam"`
	Student   string    `json:"student"` // pseudonym
	Purpose   string    `json:"purpose"` // check, watch
	Transport string    `json:"transport"`
	State     string    `json:"state"`
	Since     time.Time `json:"since"` // when the state began
	// Server is the name of the other server that has the session; empty: this one.
	Server string `json:"server,omitempty"`
	// Of a session that another server has and that is not silent, only that one knows
	// these.
	LastPacket *time.Time `json:"last_packet,omitempty"`
	Silent     *float64   `json:"silent_seconds,omitempty"`
	Probes     *uint64    `json:"probes,omitempty"`
	Seen       struct {
		Upload *alert.Rate `json:"upload,omitempty"`
	} `json:"seen"`
	Claimed struct {
		Download *alert.Rate   `json:"download,omitempty"`
		Warnings []alert.Claim `json:"warnings,omitempty"`
	} `json:"claimed"`
	Warnings []alert.Notice `json:"warnings"` // active warnings raised by the server
}

// sessions lists the live sessions and the absent students of an exam, or all that a
// principal may see if exam is empty: those of this server, and those of others that share
// its store.
func (a *API) sessions(exam string, by auth.Principal) SessionsPage {
	now := time.Now()
	page := SessionsPage{SessionsSchema, now.Round(0), []SessionEntry{}, []alert.Notice{}, []AbsentEntry{}, []string{}}
	active := map[string][]alert.Notice{}
	for _, n := range a.active(by) {
		if n.Kind == alert.Incident {
			page.Incidents = append(page.Incidents, n)
		} else {
			active[n.Session] = append(active[n.Session], n)
		}
	}
	add := func(e SessionEntry) {
		if exam != "" && e.Exam != exam || !by.MaySee(e.Exam) || e.State == string(session.Ended) {
			return
		}
		e.Since, e.Warnings = e.Since.Round(0), append([]alert.Notice{}, active[e.Session]...)
		e.Seen.Upload, e.Claimed.Download = a.rates(e.Session)
		page.Sessions = append(page.Sessions, e)
	}
	for _, i := range a.source.Sessions() {
		add(localEntry(i, now))
	}
	for _, x := range a.source.Elsewhere() {
		add(remoteEntry(x, now))
	}
	a.order(page.Sessions)
	for _, x := range a.source.Absent() {
		if (exam == "" || x.Exam == exam) && by.MaySee(x.Exam) {
			page.Absent = append(page.Absent, AbsentEntry{x.Exam, x.Student, alert.Absent, x.Since.Round(0)})
		}
	}
	for _, x := range a.source.AbsentUnknown() {
		if (exam == "" || x == exam) && by.MaySee(x) {
			page.AbsentUnknown = append(page.AbsentUnknown, x)
		}
	}
	return page
}

// order orders entries as the board orders rows. The board may not have heard of a session
// yet: such a one is placed by its state alone.
func (a *API) order(list []SessionEntry) {
	rows := make(map[string]board.Row, len(list))
	for _, e := range list {
		row, ok := a.source.Board().Session(e.Session)
		if !ok {
			row = board.Placed(session.State(e.State), e.Exam, e.Student)
		}
		rows[e.Session] = row
	}
	slices.SortStableFunc(list, func(x, y SessionEntry) int { return board.Compare(rows[x.Session], rows[y.Session]) })
}

// localEntry is a session of this server.
func localEntry(i session.Info, now time.Time) SessionEntry {
	last, silent := now.Add(-i.Silent).Round(0), i.Silent.Seconds()
	e := SessionEntry{
		Session: i.Session, Exam: i.Exam, Student: i.Student, Purpose: i.Purpose, Transport: string(i.Transport), State: string(i.State),
		Since: i.Since, LastPacket: &last, Silent: &silent, Probes: &i.Probes,
	}
	if i.Claims != nil {
		for _, w := range i.Claims.Active() {
			e.Claimed.Warnings = append(e.Claimed.Warnings, alert.Claim{Kind: string(w.Kind), Since: w.Since, Cause: string(w.Cause)})
		}
	}
	return e
}

// remoteEntry is a session of another server.
func remoteEntry(x cluster.Session, now time.Time) SessionEntry {
	e := SessionEntry{
		Session: x.ID, Exam: x.Exam, Student: x.Student, Purpose: x.Purpose, Transport: x.Transport, State: x.State,
		Since: x.Since, Server: x.Name,
	}
	if session.State(x.State).Severity() >= session.Suspect.Severity() {
		last := x.LastPacket.Round(0)
		silent := max(now.Sub(last).Seconds(), 0)
		e.LastPacket, e.Silent = &last, &silent
	}
	for _, w := range x.Claimed {
		e.Claimed.Warnings = append(e.Claimed.Warnings, alert.Claim{Kind: string(w.Kind), Since: w.Since, Cause: string(w.Cause)})
	}
	return e
}
