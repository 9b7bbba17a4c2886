package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"examlink/server/exam"
	"examlink/server/store"
)

// Paths and schemas of exams. {exam} and {student} are identifiers.
const (
	ExamsPath   = "/api/v1/exams"
	examPath    = ExamsPath + "/{exam}"
	closePath   = examPath + "/close"
	rosterPath  = examPath + "/roster"
	comparePath = rosterPath + "/compare"
	statusPath  = examPath + "/status"
	tokensPath  = examPath + "/tokens"
	revokePath  = tokensPath + "/revoke"
	studentPath = examPath + "/students/{student}"

	ExamSchema          = "examlink.exam/1"
	ExamsSchema         = "examlink.exams/1"
	RosterSchema        = "examlink.roster/1"
	RosterChangesSchema = "examlink.roster-changes/1"
	ExamStatusSchema    = "examlink.exam-status/1"
	TokensSchema        = "examlink.tokens/1"
	IssuedSchema        = "examlink.issued-tokens/1"
	RevokedSchema       = "examlink.revoked-tokens/1"
	ErasedSchema        = "examlink.erased/1"
)

// maxRequest bounds the JSON of a request: 50,000 identifiers fit. Chosen by us.
const maxRequest = 4 << 20

// Exam is one exam.
type Exam struct {
	Schema string    `json:"schema,omitempty"` // in a response of its own
	ID     string    `json:"id"`
	Title  string    `json:"title"`
	Start  time.Time `json:"start"` // in the exam's zone
	End    time.Time `json:"end"`
	Zone   string    `json:"zone"`
	Policy string    `json:"policy"`
	Closed bool      `json:"closed"`
}

func examOf(e store.Exam, schema string) Exam {
	out := Exam{schema, e.ID, e.Title, e.Start, e.End, e.Zone, e.Policy, e.Closed}
	if zone, err := time.LoadLocation(e.Zone); err == nil {
		out.Start, out.End = e.Start.In(zone), e.End.In(zone)
	}
	return out
}

// ExamsPage is the response to ExamsPath.
type ExamsPage struct {
	Schema string `json:"schema"`
	Exams  []Exam `json:"exams"` // by identifier
	// Next is the "after" of the next page; empty: this is the last one.
	Next string `json:"next,omitempty"`
}

// ExamRequest creates an exam, or changes what it names of one.
type ExamRequest struct {
	ID     string     `json:"id,omitempty"` // to create
	Title  *string    `json:"title,omitempty"`
	Start  *time.Time `json:"start,omitempty"`
	End    *time.Time `json:"end,omitempty"`
	Zone   *string    `json:"zone,omitempty"`
	Policy *string    `json:"policy,omitempty"`
}

func (a *API) mountExams(to mux) {
	x := a.source.Exams()
	to.Handle("GET "+ExamsPath, a.operators(func(w http.ResponseWriter, r *http.Request) error {
		p, err := pageOf(r)
		if err != nil {
			return err
		}
		list, err := x.List(r.Context(), p)
		if err != nil {
			return err
		}
		page := ExamsPage{Schema: ExamsSchema, Exams: []Exam{}}
		for _, e := range list {
			page.Exams = append(page.Exams, examOf(e, ""))
		}
		if len(list) == p.Size() {
			page.Next = list[len(list)-1].ID
		}
		return answer(w, http.StatusOK, page)
	}))
	to.Handle("POST "+ExamsPath, a.operators(func(w http.ResponseWriter, r *http.Request) error {
		var q ExamRequest
		if err := read(w, r, &q); err != nil {
			return err
		}
		e, err := x.Create(r.Context(), store.Exam{ID: q.ID, Title: value(q.Title), Start: value(q.Start), End: value(q.End), Zone: value(q.Zone), Policy: value(q.Policy)})
		if err != nil {
			return err
		}
		w.Header().Set("Location", ExamsPath+"/"+e.ID)
		return answer(w, http.StatusCreated, examOf(e, ExamSchema))
	}))
	to.Handle("GET "+examPath, a.exam(func(r *http.Request, id string) (store.Exam, error) { return x.Get(r.Context(), id) }))
	to.Handle("POST "+closePath, a.exam(func(r *http.Request, id string) (store.Exam, error) { return x.Close(r.Context(), id) }))
	to.Handle("PATCH "+examPath, a.operators(func(w http.ResponseWriter, r *http.Request) error {
		var q ExamRequest
		if err := read(w, r, &q); err != nil {
			return err
		}
		if q.ID != "" {
			return &exam.InputError{Field: "id", Problem: "expected none: the identifier of an exam does not change"}
		}
		e, err := x.Update(r.Context(), r.PathValue("exam"), exam.Change{Title: q.Title, Start: q.Start, End: q.End, Zone: q.Zone, Policy: q.Policy})
		if err != nil {
			return err
		}
		return answer(w, http.StatusOK, examOf(e, ExamSchema))
	}))
	a.mountRosters(to, x)
	a.mountTokens(to, x)
	a.mountRecords(to, x)
}

// exam answers with one exam.
func (a *API) exam(get func(r *http.Request, id string) (store.Exam, error)) http.Handler {
	return a.operators(func(w http.ResponseWriter, r *http.Request) error {
		e, err := get(r, r.PathValue("exam"))
		if err != nil {
			return err
		}
		return answer(w, http.StatusOK, examOf(e, ExamSchema))
	})
}

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// pageOf reads after and limit.
func pageOf(r *http.Request) (store.Page, error) {
	p := store.Page{After: r.FormValue("after"), Limit: store.DefaultPage}
	if s := r.FormValue("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > store.MaxPage {
			return p, &exam.InputError{Field: "limit", Problem: fmt.Sprintf("%q, expected a number from 1 to %d", s, store.MaxPage)}
		}
		p.Limit = n
	}
	return p, nil
}

// read reads the JSON of a request.
func read(w http.ResponseWriter, r *http.Request, into any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil && d.More() {
		err = errors.New("more than one value, expected one")
	}
	var large *http.MaxBytesError
	var typed *json.UnmarshalTypeError
	var at *time.ParseError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF):
		return problem(http.StatusBadRequest, "no content, expected a JSON object")
	case errors.As(err, &large):
		return problem(http.StatusRequestEntityTooLarge, fmt.Sprintf("expected at most %d bytes", large.Limit))
	case errors.As(err, &typed):
		return &exam.InputError{Field: typed.Field, Problem: fmt.Sprintf("a JSON %s, expected a %s", typed.Value, typed.Type)}
	case errors.As(err, &at):
		return problem(http.StatusBadRequest, fmt.Sprintf("time %s, expected one such as 2026-11-30T16:00:00Z", at.Value))
	}
	return problem(http.StatusBadRequest, "expected JSON: "+err.Error())
}
