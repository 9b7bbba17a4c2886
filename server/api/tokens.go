package api

import (
	"net/http"
	"time"

	"examlink/server/exam"
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

// ErasedPage says what was removed about a student.
type ErasedPage struct {
	Schema string `json:"schema"`
	Exam   string `json:"exam"`
	exam.Erased
}

func (a *API) mountTokens(to mux, x *exam.Manager) {
	to.Handle("GET "+tokensPath, a.operators(func(w http.ResponseWriter, r *http.Request) error {
		id := r.PathValue("exam")
		list, err := x.Tokens(r.Context(), id)
		if err != nil {
			return err
		}
		page := TokensPage{TokensSchema, id, []IssuedToken{}}
		for _, t := range list {
			page.Tokens = append(page.Tokens, IssuedToken{t.ID, t.Student, t.From, t.Until, t.Revoked, t.Opened})
		}
		return answer(w, http.StatusOK, page)
	}))
	to.Handle("POST "+tokensPath, a.operators(func(w http.ResponseWriter, r *http.Request) error {
		var q IssueRequest
		if err := read(w, r, &q); err != nil {
			return err
		}
		id := r.PathValue("exam")
		b, err := x.Issue(r.Context(), id, exam.Selection{Students: q.Students, Group: q.Group, NotReady: q.NotReady}, q.Replace)
		if err != nil {
			return err
		}
		page := IssuedPage{IssuedSchema, id, []JoinToken{}, append([]string{}, b.Revoked...)}
		for i, t := range b.Issued {
			page.Tokens = append(page.Tokens, JoinToken{studentOf(b.Students[i], q.Contacts), t.ID, t.Text, t.Link})
		}
		return answer(w, http.StatusOK, page)
	}))
	to.Handle("POST "+revokePath, a.operators(func(w http.ResponseWriter, r *http.Request) error {
		var q RevokeRequest
		if err := read(w, r, &q); err != nil {
			return err
		}
		if len(q.Tokens)+len(q.Students) == 0 {
			return &exam.InputError{Field: "tokens", Problem: "none, expected tokens or students"}
		}
		id := r.PathValue("exam")
		revoked, err := x.Revoke(r.Context(), id, exam.Selection{Tokens: q.Tokens, Students: q.Students})
		if err != nil {
			return err
		}
		return answer(w, http.StatusOK, RevokedPage{RevokedSchema, id, revoked})
	}))
	to.Handle("DELETE "+studentPath, a.operators(func(w http.ResponseWriter, r *http.Request) error {
		id := r.PathValue("exam")
		e, err := x.Erase(r.Context(), id, r.PathValue("student"))
		if err != nil {
			return err
		}
		return answer(w, http.StatusOK, ErasedPage{ErasedSchema, id, e})
	}))
}
