package api

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
)

// address returns the URL of an exam, or of something below it. The parts are escaped.
func (c *Client) address(exam string, below ...string) *url.URL {
	parts := []string{url.PathEscape(exam)}
	for _, p := range below {
		parts = append(parts, url.PathEscape(p))
	}
	return c.base.JoinPath(append([]string{ExamsPath}, parts...)...)
}

// send makes a request whose content is JSON; nil: none.
func (c *Client) send(ctx context.Context, method string, u *url.URL, content, into any) ([]byte, error) {
	var b []byte
	if content != nil {
		var err error
		if b, err = json.Marshal(content); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	if content != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return c.do(req, into)
}

// Exams returns all exams.
func (c *Client) Exams(ctx context.Context) (all ExamsPage, err error) {
	query := url.Values{"limit": {"1000"}}
	for {
		var page ExamsPage
		if _, err = c.ask(ctx, ExamsPath, query, &page); err != nil {
			return all, err
		}
		all.Schema, all.Exams = page.Schema, append(all.Exams, page.Exams...)
		if page.Next == "" {
			return all, nil
		}
		query.Set("after", page.Next)
	}
}

// Exam returns an exam. b is the raw response.
func (c *Client) Exam(ctx context.Context, id string) (e Exam, b []byte, err error) {
	b, err = c.send(ctx, http.MethodGet, c.address(id), nil, &e)
	return e, b, err
}

// CreateExam creates an exam.
func (c *Client) CreateExam(ctx context.Context, q ExamRequest) (e Exam, err error) {
	_, err = c.send(ctx, http.MethodPost, c.base.JoinPath(ExamsPath), q, &e)
	return e, err
}

// ChangeExam changes what q names of an exam.
func (c *Client) ChangeExam(ctx context.Context, id string, q ExamRequest) (e Exam, err error) {
	_, err = c.send(ctx, http.MethodPatch, c.address(id), q, &e)
	return e, err
}

// CloseExam closes an exam.
func (c *Client) CloseExam(ctx context.Context, id string) (e Exam, err error) {
	_, err = c.send(ctx, http.MethodPost, c.address(id, "close"), nil, &e)
	return e, err
}

// Roster returns a roster, without contacts.
func (c *Client) Roster(ctx context.Context, exam string) (page RosterPage, b []byte, err error) {
	b, err = c.send(ctx, http.MethodGet, c.address(exam, "roster"), nil, &page)
	return page, b, err
}

// CompareRoster returns what a roster in CSV would change.
func (c *Client) CompareRoster(ctx context.Context, exam string, csv []byte) (RosterChanges, error) {
	return c.roster(ctx, http.MethodPost, c.address(exam, "roster", "compare"), csv, "")
}

// ImportRoster replaces a roster, if it still has the version that was compared.
func (c *Client) ImportRoster(ctx context.Context, exam string, csv []byte, version string) (RosterChanges, error) {
	return c.roster(ctx, http.MethodPut, c.address(exam, "roster"), csv, `"`+version+`"`)
}

func (c *Client) roster(ctx context.Context, method string, u *url.URL, csv []byte, match string) (changes RosterChanges, err error) {
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(csv))
	if err != nil {
		return changes, err
	}
	req.Header.Set("Content-Type", "text/csv")
	if match != "" {
		req.Header.Set("If-Match", match)
	}
	_, err = c.do(req, &changes)
	return changes, err
}

// ExamStatus returns how ready the students are, with their contacts if asked for.
func (c *Client) ExamStatus(ctx context.Context, exam string, contacts bool) (s ExamStatus, b []byte, err error) {
	u := c.address(exam, "status")
	if contacts {
		u.RawQuery = "contacts=true"
	}
	b, err = c.send(ctx, http.MethodGet, u, nil, &s)
	return s, b, err
}

// Tokens lists what was issued.
func (c *Client) Tokens(ctx context.Context, exam string) (page TokensPage, b []byte, err error) {
	b, err = c.send(ctx, http.MethodGet, c.address(exam, "tokens"), nil, &page)
	return page, b, err
}

// IssueTokens issues join tokens.
func (c *Client) IssueTokens(ctx context.Context, exam string, q IssueRequest) (page IssuedPage, b []byte, err error) {
	b, err = c.send(ctx, http.MethodPost, c.address(exam, "tokens"), q, &page)
	return page, b, err
}

// RevokeTokens revokes join tokens.
func (c *Client) RevokeTokens(ctx context.Context, exam string, q RevokeRequest) (page RevokedPage, err error) {
	_, err = c.send(ctx, http.MethodPost, c.address(exam, "tokens", "revoke"), q, &page)
	return page, err
}

// EraseStudent erases a student.
func (c *Client) EraseStudent(ctx context.Context, exam, student string) (page ErasedPage, err error) {
	_, err = c.send(ctx, http.MethodDelete, c.address(exam, "students", student), nil, &page)
	return page, err
}
