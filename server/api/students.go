package api

import (
	"context"
	"net/http"
	"time"

	"examlink/server/exam"
	"examlink/server/store"
)

// Schemas of what concerns one student.
const (
	StudentSchema = "examlink.student/1"
	ErasedSchema  = "examlink.erased/1"
)

// StudentExport is all that the store has on one student of an exam, for whoever must
// answer a request for access. Live sessions are as they were last stored.
type StudentExport struct {
	Schema  string    `json:"schema"`
	At      time.Time `json:"at"`
	Exam    string    `json:"exam"`
	Student string    `json:"student"`
	// Roster is the student's line of the roster, with the contact; absent: not on it.
	Roster *Student `json:"roster,omitempty"`
	// Connected is when the student was last connected; absent: never, or not on the roster.
	Connected   *time.Time          `json:"connected,omitempty"`
	Tokens      []IssuedToken       `json:"tokens"` // not the tokens themselves, which are not kept
	Receipts    []ReceiptExport     `json:"receipts"`
	Records     []store.RecordHead  `json:"records"`     // the latest hash of each session's record
	Sessions    []store.LiveSession `json:"sessions"`    // whose end the server has not seen
	Waiting     []MessageExport     `json:"waiting"`     // notifications that wait for delivery
	Undelivered []store.Undelivered `json:"undelivered"` // notifications that were given up
	Events      []EventExport       `json:"events"`      // of sessions, as servers that share a store tell each other
	Audit       []store.AuditEntry  `json:"audit"`       // that name the student
}

// ReceiptExport is a receipt: what the store sorts it by, and the signed statement.
type ReceiptExport struct {
	ReceiptRef
	Late bool   `json:"late"`
	JWS  string `json:"jws"` // compact; its content is an examlink.receipt/1
}

// MessageExport is a notification that waits for delivery.
type MessageExport struct {
	ID   string    `json:"id"`
	Kind string    `json:"kind"`
	At   time.Time `json:"at"`
	Body string    `json:"body"` // JSON, as it will be sent
}

// EventExport is an event of a session.
type EventExport struct {
	At   time.Time `json:"at"`
	Kind string    `json:"kind"`
	Body string    `json:"body"` // JSON
}

// ErasedPage says what was removed about a student.
type ErasedPage struct {
	Schema string `json:"schema"`
	Exam   string `json:"exam"`
	exam.Erased
}

func (a *API) studentRoutes() []Route {
	return []Route{
		{Method: http.MethodGet, Path: studentPath, Roles: operators, Does: store.Exported, Views: "student", answer: func(_ http.ResponseWriter, r *http.Request) (any, error) {
			return a.student(r.Context(), r.PathValue("exam"), r.PathValue("student"))
		}},
		{Method: http.MethodDelete, Path: studentPath, Roles: operators, Does: store.Erased, answer: func(_ http.ResponseWriter, r *http.Request) (any, error) {
			id := r.PathValue("exam")
			e, err := a.source.Exams().Erase(r.Context(), id, r.PathValue("student"))
			return ErasedPage{ErasedSchema, id, e}, err
		}},
	}
}

// student exports all about a student.
func (a *API) student(ctx context.Context, id, student string) (StudentExport, error) {
	x := StudentExport{
		Schema: StudentSchema, At: time.Now().Round(0), Exam: id, Student: student,
		Tokens: []IssuedToken{}, Receipts: []ReceiptExport{}, Waiting: []MessageExport{},
	}
	about, err := a.source.Exams().About(ctx, id, student)
	if err != nil {
		return x, err
	}
	if about.Roster != nil {
		s := studentOf(*about.Roster, true)
		x.Roster = &s
	}
	for _, t := range about.Tokens {
		x.Tokens = append(x.Tokens, issuedToken(t))
	}
	for _, r := range about.Receipts {
		x.Receipts = append(x.Receipts, ReceiptExport{*receiptRef(&r), r.Late, string(r.Body)})
	}
	x.Records = append([]store.RecordHead{}, about.Records...)
	x.Sessions = append([]store.LiveSession{}, about.Sessions...)
	for _, m := range about.Waiting {
		x.Waiting = append(x.Waiting, MessageExport{m.ID, m.Kind, m.At, string(m.Body)})
	}
	x.Undelivered = append([]store.Undelivered{}, about.Undelivered...)
	x.Events = []EventExport{}
	for _, e := range about.Events {
		x.Events = append(x.Events, EventExport{e.At, e.Kind, string(e.Body)})
	}
	if !about.Connected.IsZero() {
		x.Connected = &about.Connected
	}
	x.Audit = append([]store.AuditEntry{}, about.Audit...)
	return x, nil
}

// Student returns all that the server's store has on a student. b is the raw response.
func (c *Client) Student(ctx context.Context, exam, student string) (x StudentExport, b []byte, err error) {
	b, err = c.send(ctx, http.MethodGet, c.address(exam, "students", student), nil, &x)
	return x, b, err
}
