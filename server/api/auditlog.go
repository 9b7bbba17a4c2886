package api

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"examlink/server/exam"
	"examlink/server/store"
)

// Path and schema of the audit log.
const (
	AuditPath   = "/api/v1/audit"
	AuditSchema = "examlink.audit/1"
)

// AuditPage is a part of the audit log.
type AuditPage struct {
	Schema string    `json:"schema"`
	At     time.Time `json:"at"`
	// Ends of the whole log, read before the entries.
	Ends    store.AuditEnds    `json:"ends"`
	Entries []store.AuditEntry `json:"entries"` // by number
	// Next is the "after" of the next page; absent: this is the last one.
	Next uint64 `json:"next,omitempty"`
}

func (a *API) auditRoutes() []Route {
	return []Route{{
		Method: http.MethodGet, Path: AuditPath, Roles: operators, Does: store.Viewed, Views: "audit log",
		answer: func(_ http.ResponseWriter, r *http.Request) (any, error) {
			f, p, err := auditQuery(r)
			if err != nil {
				return nil, err
			}
			page := AuditPage{Schema: AuditSchema, At: time.Now().Round(0), Entries: []store.AuditEntry{}}
			if page.Ends, err = a.source.Audit().Ends(r.Context()); err != nil {
				return nil, err
			}
			list, err := a.source.Audit().List(r.Context(), f, p)
			if err != nil {
				return nil, err
			}
			if page.Entries = append(page.Entries, list...); len(list) == p.Size() {
				page.Next = list[len(list)-1].Number
			}
			return page, nil
		},
	}}
}

// auditQuery reads which entries are asked for.
func auditQuery(r *http.Request) (f store.AuditFilter, p store.AuditPage, err error) {
	whole, err := pageOf(r)
	if err != nil {
		return f, p, err
	}
	f, p.Limit = store.AuditFilter{Exam: r.FormValue("exam"), Student: r.FormValue("student"), Who: r.FormValue("who")}, whole.Limit
	if f.Student != "" && f.Exam == "" {
		return f, p, &exam.InputError{Field: "student", Problem: "expected together with exam: a pseudonym is one exam's"}
	}
	if s := r.FormValue("since"); s != "" {
		if f.Since, err = time.Parse(time.RFC3339, s); err != nil {
			return f, p, &exam.InputError{Field: "since", Problem: fmt.Sprintf("%q, expected a time such as 2026-11-30T16:00:00Z", s)}
		}
	}
	if whole.After != "" {
		if p.After, err = strconv.ParseUint(whole.After, 10, 63); err != nil {
			return f, p, &exam.InputError{Field: "after", Problem: fmt.Sprintf("%q, expected the number of an entry", whole.After)}
		}
	}
	return f, p, nil
}

// Audit returns the entries of the audit log that a filter selects. Ends are as they were
// before.
func (c *Client) Audit(ctx context.Context, f store.AuditFilter) (all AuditPage, err error) {
	query := url.Values{"limit": {strconv.Itoa(store.MaxPage)}}
	for name, v := range map[string]string{"exam": f.Exam, "student": f.Student, "who": f.Who} {
		if v != "" {
			query.Set(name, v)
		}
	}
	if !f.Since.IsZero() {
		query.Set("since", f.Since.Format(time.RFC3339Nano))
	}
	for {
		var page AuditPage
		if _, err = c.ask(ctx, AuditPath, query, &page); err != nil {
			return all, err
		}
		if all.Schema == "" {
			all = page
		} else {
			all.Entries = append(all.Entries, page.Entries...)
		}
		if all.Next = 0; page.Next == 0 {
			return all, nil
		}
		query.Set("after", strconv.FormatUint(page.Next, 10))
	}
}
