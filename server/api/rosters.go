package api

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"examlink/probe/verdict"
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

func (a *API) mountRosters(to mux, x *exam.Manager) {
	to.Handle("GET "+rosterPath, a.operators(func(w http.ResponseWriter, r *http.Request) error {
		id := r.PathValue("exam")
		list, version, err := x.Roster(r.Context(), id)
		if err != nil {
			return err
		}
		page := RosterPage{RosterSchema, id, version, []Student{}}
		for _, s := range list {
			page.Students = append(page.Students, studentOf(s, false))
		}
		w.Header().Set("ETag", `"`+version+`"`)
		return answer(w, http.StatusOK, page)
	}))
	to.Handle("POST "+comparePath, a.operators(func(w http.ResponseWriter, r *http.Request) error {
		csv, err := readCSV(w, r)
		if err != nil {
			return err
		}
		p, err := x.Compare(r.Context(), r.PathValue("exam"), csv)
		return changes(w, r, p, false, err)
	}))
	to.Handle("PUT "+rosterPath, a.operators(func(w http.ResponseWriter, r *http.Request) error {
		version, begins := strings.CutPrefix(r.Header.Get("If-Match"), `"`)
		version, ends := strings.CutSuffix(version, `"`)
		if !begins || !ends {
			return problem(http.StatusPreconditionRequired, "If-Match: expected the roster's version in quotation marks, as "+comparePath+" gives it")
		}
		csv, err := readCSV(w, r)
		if err != nil {
			return err
		}
		p, err := x.Import(r.Context(), r.PathValue("exam"), csv, version)
		return changes(w, r, p, true, err)
	}))
	to.Handle("GET "+statusPath, a.operators(func(w http.ResponseWriter, r *http.Request) error {
		contacts, err := wantsContacts(r)
		if err != nil {
			return err
		}
		e, list, err := x.Readiness(r.Context(), r.PathValue("exam"))
		if err != nil {
			return err
		}
		s := ExamStatus{ExamStatusSchema, time.Now().Round(0), examOf(e, ""), exam.Deadline(e), exam.Count(list), []StudentStatus{}}
		for _, v := range list {
			s.Students = append(s.Students, StudentStatus{studentOf(v.Student, contacts), v.State, v.Opened, receiptRef(v.Best), receiptRef(v.Last)})
		}
		return answer(w, http.StatusOK, s)
	}))
}

// changes answers with what a roster changes.
func changes(w http.ResponseWriter, r *http.Request, p exam.Preview, applied bool, err error) error {
	if err != nil {
		return err
	}
	w.Header().Set("ETag", `"`+p.Version+`"`)
	return answer(w, http.StatusOK, RosterChanges{
		RosterChangesSchema, r.PathValue("exam"), p.Version, applied, p.Changes, append([]string{}, p.Ignored...),
	})
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
