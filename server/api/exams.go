package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
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

func (a *API) examRoutes() []Route {
	one := func(get func(r *http.Request, id string) (store.Exam, error)) func(http.ResponseWriter, *http.Request) (any, error) {
		return func(_ http.ResponseWriter, r *http.Request) (any, error) {
			e, err := get(r, r.PathValue("exam"))
			return examOf(e, ExamSchema), err
		}
	}
	return []Route{
		{Method: http.MethodGet, Path: ExamsPath, Roles: proctors, answer: a.listExams},
		{Method: http.MethodPost, Path: ExamsPath, Roles: operators, Does: store.Created, answer: a.createExam},
		{Method: http.MethodGet, Path: examPath, Roles: proctors, answer: one(func(r *http.Request, id string) (store.Exam, error) {
			return a.source.Exams().Get(r.Context(), id)
		})},
		{Method: http.MethodPatch, Path: examPath, Roles: operators, Does: store.Changed, answer: a.changeExam},
		{Method: http.MethodPost, Path: closePath, Roles: operators, Does: store.ClosedExam, answer: one(func(r *http.Request, id string) (store.Exam, error) {
			return a.source.Exams().Close(r.Context(), id)
		})},
	}
}

// listExams lists the exams that the caller may see. A page may have fewer than were
// asked for.
func (a *API) listExams(_ http.ResponseWriter, r *http.Request) (any, error) {
	p, err := pageOf(r)
	if err != nil {
		return nil, err
	}
	list, err := a.source.Exams().List(r.Context(), p)
	if err != nil {
		return nil, err
	}
	page := ExamsPage{Schema: ExamsSchema, Exams: []Exam{}}
	for _, e := range list {
		if callOf(r).by.MaySee(e.ID) {
			page.Exams = append(page.Exams, examOf(e, ""))
		}
	}
	if len(list) == p.Size() {
		page.Next = list[len(list)-1].ID
	}
	return page, nil
}

func (a *API) createExam(w http.ResponseWriter, r *http.Request) (any, error) {
	var q ExamRequest
	if err := read(w, r, &q); err != nil {
		return nil, err
	}
	if exam.ValidID(q.ID) {
		store.Amend(r.Context(), func(e *store.AuditEntry) { e.Exam = q.ID })
	}
	e, err := a.source.Exams().Create(r.Context(), store.Exam{ID: q.ID, Title: value(q.Title), Start: value(q.Start), End: value(q.End), Zone: value(q.Zone), Policy: value(q.Policy)})
	if err != nil {
		return nil, err
	}
	w.Header().Set("Location", ExamsPath+"/"+e.ID)
	return created{examOf(e, ExamSchema)}, nil
}

func (a *API) changeExam(w http.ResponseWriter, r *http.Request) (any, error) {
	var q ExamRequest
	if err := read(w, r, &q); err != nil {
		return nil, err
	}
	if q.ID != "" {
		return nil, &exam.InputError{Field: "id", Problem: "expected none: the identifier of an exam does not change"}
	}
	store.Describe(r.Context(), q.fields())
	e, err := a.source.Exams().Update(r.Context(), r.PathValue("exam"), exam.Change{Title: q.Title, Start: q.Start, End: q.End, Zone: q.Zone, Policy: q.Policy})
	return examOf(e, ExamSchema), err
}

// fields names what a request changes.
func (q ExamRequest) fields() string {
	var names []string
	for _, f := range []struct {
		name string
		set  bool
	}{{"title", q.Title != nil}, {"start", q.Start != nil}, {"end", q.End != nil}, {"zone", q.Zone != nil}, {"policy", q.Policy != nil}} {
		if f.set {
			names = append(names, f.name)
		}
	}
	return strings.Join(names, ", ")
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
