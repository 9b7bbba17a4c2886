package api

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"examlink/server/store"
)

const recordsPath = examPath + "/records"

// RecordHeadsSchema names RecordHeadsPage.
const RecordHeadsSchema = "examlink.record-heads/1"

// RecordHeadsPage lists how far the records of an exam have come.
type RecordHeadsPage struct {
	Schema string       `json:"schema"`
	Exam   string       `json:"exam"`
	Heads  []RecordHead `json:"heads"` // by session
}

// RecordHead is the latest head that a session reported of its record.
type RecordHead struct {
	Session string     `json:"session"`
	Student string     `json:"student"` // a pseudonym
	Record  store.Hash `json:"record"`  // of the record's first line
	Line    uint64     `json:"line"`
	Hash    store.Hash `json:"hash"` // of that line
	At      time.Time  `json:"at"`   // the server's clock
}

func (a *API) recordRoutes() []Route {
	return []Route{
		{Method: http.MethodGet, Path: recordsPath, Roles: proctors, Does: store.Viewed, Views: "records", answer: func(_ http.ResponseWriter, r *http.Request) (any, error) {
			id := r.PathValue("exam")
			list, err := a.source.Exams().Records(r.Context(), id, r.FormValue("student"))
			if err != nil {
				return nil, err
			}
			page := RecordHeadsPage{RecordHeadsSchema, id, []RecordHead{}}
			for _, h := range list {
				page.Heads = append(page.Heads, RecordHead{h.Session, h.Student, h.Record, h.Line, h.Hash, h.At})
			}
			return page, nil
		}},
	}
}

// RecordHeads lists the latest heads of an exam's records; student, if not empty, selects
// one's.
func (c *Client) RecordHeads(ctx context.Context, exam, student string) (page RecordHeadsPage, err error) {
	u := c.address(exam, "records")
	if student != "" {
		u.RawQuery = url.Values{"student": {student}}.Encode()
	}
	_, err = c.send(ctx, http.MethodGet, u, nil, &page)
	return page, err
}
