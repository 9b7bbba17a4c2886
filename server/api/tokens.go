package api

import (
	"net/http"
	"time"

	"examlink/server/exam"
	"examlink/server/store"
)

// TokensPage lists what was issued for an exam. No token is among it.
type TokensPage struct {
	Schema string        `json:"schema"`
	Exam   string        `json:"exam"`
	Tokens []IssuedToken `json:"tokens"` // by student
}

// IssuedToken is a join token that was issued.
type IssuedToken struct {
	ID      string    `json:"id"`
	Student string    `json:"student"` // empty: erased
	From    time.Time `json:"from"`
	Until   time.Time `json:"until"`
	Revoked bool      `json:"revoked"`
	// Opened is when a session was first opened with it; absent: never.
	Opened time.Time `json:"opened,omitzero"`
}

// IssueRequest selects the students to issue join tokens to; all conditions must hold.
type IssueRequest struct {
	Students []string `json:"students,omitempty"` // none: all of the roster
	Group    *string  `json:"group,omitempty"`
	NotReady bool     `json:"not_ready,omitempty"` // only who has not passed a check in time
	Replace  bool     `json:"replace,omitempty"`   // revoke the tokens that they have
	Contacts bool     `json:"contacts,omitempty"`  // answer with contacts
}

// IssuedPage has the join tokens that were issued. They are not kept: who loses them
// has to issue others.
type IssuedPage struct {
	Schema  string      `json:"schema"`
	Exam    string      `json:"exam"`
	Tokens  []JoinToken `json:"tokens"`  // by student
	Revoked []string    `json:"revoked"` // identifiers of those that were replaced
}

// JoinToken is a student's join token, with the link to the check page.
type JoinToken struct {
	Student
	ID    string `json:"id"`
	Token string `json:"token"`
	Link  string `json:"link"`
}

// RevokeRequest selects the join tokens to revoke.
type RevokeRequest struct {
	Tokens   []string `json:"tokens,omitempty"` // identifiers
	Students []string `json:"students,omitempty"`
}

// RevokedPage names the join tokens that were revoked.
type RevokedPage struct {
	Schema  string   `json:"schema"`
	Exam    string   `json:"exam"`
	Revoked []string `json:"revoked"`
}

func (a *API) tokenRoutes() []Route {
	return []Route{
		{Method: http.MethodGet, Path: tokensPath, Roles: operators, Does: store.Viewed, Views: "tokens", answer: a.listTokens},
		{Method: http.MethodPost, Path: tokensPath, Roles: operators, Does: store.Issued, answer: a.issueTokens},
		{Method: http.MethodPost, Path: revokePath, Roles: operators, Does: store.Revoked, answer: a.revokeTokens},
	}
}

func issuedToken(t store.Token) IssuedToken {
	return IssuedToken{t.ID, t.Student, t.From, t.Until, t.Revoked, t.Opened}
}

func (a *API) listTokens(_ http.ResponseWriter, r *http.Request) (any, error) {
	id := r.PathValue("exam")
	list, err := a.source.Exams().Tokens(r.Context(), id)
	if err != nil {
		return nil, err
	}
	page := TokensPage{TokensSchema, id, []IssuedToken{}}
	for _, t := range list {
		page.Tokens = append(page.Tokens, issuedToken(t))
	}
	return page, nil
}

func (a *API) issueTokens(w http.ResponseWriter, r *http.Request) (any, error) {
	var q IssueRequest
	if err := read(w, r, &q); err != nil {
		return nil, err
	}
	if q.Contacts {
		store.Describe(r.Context(), "with contacts")
	}
	id := r.PathValue("exam")
	b, err := a.source.Exams().Issue(r.Context(), id, exam.Selection{Students: q.Students, Group: q.Group, NotReady: q.NotReady}, q.Replace)
	if err != nil {
		return nil, err
	}
	page := IssuedPage{IssuedSchema, id, []JoinToken{}, append([]string{}, b.Revoked...)}
	for i, t := range b.Issued {
		page.Tokens = append(page.Tokens, JoinToken{studentOf(b.Students[i], q.Contacts), t.ID, t.Text, t.Link})
	}
	return page, nil
}

func (a *API) revokeTokens(w http.ResponseWriter, r *http.Request) (any, error) {
	var q RevokeRequest
	if err := read(w, r, &q); err != nil {
		return nil, err
	}
	if len(q.Tokens)+len(q.Students) == 0 {
		return nil, &exam.InputError{Field: "tokens", Problem: "none, expected tokens or students"}
	}
	id := r.PathValue("exam")
	revoked, err := a.source.Exams().Revoke(r.Context(), id, exam.Selection{Tokens: q.Tokens, Students: q.Students})
	return RevokedPage{RevokedSchema, id, revoked}, err
}
