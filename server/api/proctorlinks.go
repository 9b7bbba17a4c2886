package api

import (
	"context"
	"net/http"
	"time"

	"examlink/server/exam"
	"examlink/server/store"
)

// Path and schema of proctors' links.
const (
	proctorsPath       = examPath + "/proctors"
	ProctorLinksSchema = "examlink.proctor-links/1"
)

// ProctorLinksRequest asks for links to the board of an exam.
type ProctorLinksRequest struct {
	Count int     `json:"count,omitempty"`         // 0: one
	Valid float64 `json:"valid_seconds,omitempty"` // 0: exam.DefaultProctorLink
}

// ProctorLinksPage has the links that were issued. They are not kept.
type ProctorLinksPage struct {
	Schema string        `json:"schema"`
	Exam   string        `json:"exam"`
	Links  []ProctorLink `json:"links"`
}

// ProctorLink signs one proctor in to the board of one exam, once.
type ProctorLink struct {
	ID    string    `json:"id"` // the proctor's identity in the audit log is link: and this
	Until time.Time `json:"until"`
	Link  string    `json:"link"`
}

func (a *API) proctorRoutes() []Route {
	return []Route{{Method: http.MethodPost, Path: proctorsPath, Roles: operators, Does: store.Issued, answer: a.issueProctorLinks}}
}

func (a *API) issueProctorLinks(w http.ResponseWriter, r *http.Request) (any, error) {
	q := ProctorLinksRequest{}
	if err := read(w, r, &q); err != nil {
		return nil, err
	}
	if q.Count == 0 {
		q.Count = 1
	}
	valid := exam.DefaultProctorLink
	if q.Valid != 0 { // a number beyond what a duration holds is beyond the bound, too
		valid = time.Duration(max(-1, min(q.Valid, 2*exam.MostProctorLink.Seconds())) * float64(time.Second))
	}
	id := r.PathValue("exam")
	links, err := a.source.Exams().ProctorLinks(r.Context(), id, q.Count, valid)
	if err != nil {
		return nil, err
	}
	page := ProctorLinksPage{ProctorLinksSchema, id, []ProctorLink{}}
	for _, l := range links {
		page.Links = append(page.Links, ProctorLink{l.ID, l.Until, l.Address})
	}
	return page, nil
}

// ProctorLinks issues links to the board of an exam.
func (c *Client) ProctorLinks(ctx context.Context, exam string, q ProctorLinksRequest) (page ProctorLinksPage, b []byte, err error) {
	b, err = c.send(ctx, http.MethodPost, c.address(exam, "proctors"), q, &page)
	return page, b, err
}
