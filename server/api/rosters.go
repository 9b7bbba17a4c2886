package api

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"examlink/probe/verdict"
	"examlink/server/auth"
	"examlink/server/exam"
	"examlink/server/store"
)

// RosterPage is a roster, without contacts.
type RosterPage struct {
	Schema   string    `json:"schema"`
	Exam     string    `json:"exam"`
	Version  string    `json:"version"`
	Students []Student `json:"students"` // by identifier
}

// Student is one student. Contact is set only where it was asked for.
type Student struct {
	Student string `json:"student"` // a pseudonym
	Contact string `json:"contact,omitempty"`
	Group   string `json:"group,omitempty"`
	Site    string `json:"site,omitempty"`
}

// RosterChanges is what a roster would change, or has changed.
type RosterChanges struct {
	Schema string `json:"schema"`
	Exam   string `json:"exam"`
	// Version is that of the roster: before the change to apply it, and after it.
	Version string `json:"version"`
	Applied bool   `json:"applied"`
	exam.Changes
	Ignored []string `json:"ignored_columns"`
}

// ExamStatus says how ready the students of an exam are.
type ExamStatus struct {
	Schema   string             `json:"schema"`
	At       time.Time          `json:"at"`
	Exam     Exam               `json:"exam"`
	Deadline time.Time          `json:"deadline"` // checks before it are in time
	Counts   map[exam.State]int `json:"counts"`
	Students []StudentStatus    `json:"students"` // worst first
}

// StudentStatus says how ready one student is.
type StudentStatus struct {
	Student
	State  exam.State  `json:"state"`
	Opened bool        `json:"opened"` // a session was opened with the student's join token
	Best   *ReceiptRef `json:"best,omitempty"`
	Last   *ReceiptRef `json:"last,omitempty"`
}

// ReceiptRef names a receipt, and what it says.
type ReceiptRef struct {
	ID      string          `json:"id"`
	At      time.Time       `json:"at"`
	Outcome verdict.Outcome `json:"outcome"`
}

func receiptRef(r *store.Receipt) *ReceiptRef {
	if r == nil {
		return nil
	}
	return &ReceiptRef{r.ID, r.At, r.Outcome}
}

func (a *API) rosterRoutes() []Route {
	return []Route{
		{Method: http.MethodGet, Path: rosterPath, Roles: proctors, Does: store.Viewed, Views: "roster", answer: a.roster},
		{Method: http.MethodPost, Path: comparePath, Roles: operators, Does: store.Viewed, Views: "roster", answer: a.compareRoster},
		{Method: http.MethodPut, Path: rosterPath, Roles: operators, Does: store.Imported, answer: a.importRoster},
		{Method: http.MethodGet, Path: statusPath, Roles: proctors, Does: store.Viewed, Views: "status", answer: a.status},
	}
}

func (a *API) roster(w http.ResponseWriter, r *http.Request) (any, error) {
	id := r.PathValue("exam")
	list, version, err := a.source.Exams().Roster(r.Context(), id)
	if err != nil {
		return nil, err
	}
	page := RosterPage{RosterSchema, id, version, []Student{}}
	for _, s := range list {
		page.Students = append(page.Students, studentOf(s, false))
	}
	w.Header().Set("ETag", `"`+version+`"`)
	return page, nil
}

func (a *API) compareRoster(w http.ResponseWriter, r *http.Request) (any, error) {
	csv, err := readCSV(w, r)
	if err != nil {
		return nil, err
	}
	p, err := a.source.Exams().Compare(r.Context(), r.PathValue("exam"), csv)
	if err != nil {
		return nil, err
	}
	return changes(w, r, p, false), nil
}

func (a *API) importRoster(w http.ResponseWriter, r *http.Request) (any, error) {
	version, begins := strings.CutPrefix(r.Header.Get("If-Match"), `"`)
	version, ends := strings.CutSuffix(version, `"`)
	if !begins || !ends {
		return nil, problem(http.StatusPreconditionRequired, "If-Match: expected the roster's version in quotation marks, as "+comparePath+" gives it")
	}
	csv, err := readCSV(w, r)
	if err != nil {
		return nil, err
	}
	p, err := a.source.Exams().Import(r.Context(), r.PathValue("exam"), csv, version)
	if err != nil {
		return nil, err
	}
	return changes(w, r, p, true), nil
}

// status answers with readiness. Contacts are for operators, and make it an export.
func (a *API) status(_ http.ResponseWriter, r *http.Request) (any, error) {
	contacts, err := wantsContacts(r)
	if err != nil {
		return nil, err
	}
	if c := callOf(r); contacts {
		c.entry.Action, c.entry.Detail = store.Exported, "with contacts"
		if c.by.Role != auth.Operator {
			return nil, problem(http.StatusForbidden, "contacts are not for the role "+string(c.by.Role))
		}
	}
	e, list, err := a.source.Exams().Readiness(r.Context(), r.PathValue("exam"))
	if err != nil {
		return nil, err
	}
	s := ExamStatus{ExamStatusSchema, time.Now().Round(0), examOf(e, ""), exam.Deadline(e), exam.Count(list), []StudentStatus{}}
	for _, v := range list {
		s.Students = append(s.Students, StudentStatus{studentOf(v.Student, contacts), v.State, v.Opened, receiptRef(v.Best), receiptRef(v.Last)})
	}
	return s, nil
}

// changes answers with what a roster changes.
func changes(w http.ResponseWriter, r *http.Request, p exam.Preview, applied bool) RosterChanges {
	w.Header().Set("ETag", `"`+p.Version+`"`)
	return RosterChanges{RosterChangesSchema, r.PathValue("exam"), p.Version, applied, p.Changes, append([]string{}, p.Ignored...)}
}

// studentOf converts a student, with the contact if it was asked for.
func studentOf(s store.Student, contact bool) Student {
	out := Student{Student: s.ID, Group: s.Group, Site: s.Site}
	if contact {
		out.Contact = string(s.Contact)
	}
	return out
}

// wantsContacts reads whether a request asks for contacts.
func wantsContacts(r *http.Request) (bool, error) {
	switch v := r.FormValue("contacts"); v {
	case "true":
		return true, nil
	case "", "false":
		return false, nil
	default:
		return false, &exam.InputError{Field: "contacts", Problem: fmt.Sprintf("%q, expected true or false", v)}
	}
}

// readCSV reads a roster.
func readCSV(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, exam.MaxRosterBytes))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return nil, problem(http.StatusRequestEntityTooLarge, fmt.Sprintf("expected at most %d bytes", large.Limit))
	}
	if err != nil {
		return nil, problem(http.StatusBadRequest, "the roster did not arrive whole")
	}
	return b, nil
}
