package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"examlink/server/exam"
	"examlink/server/store"
)

// ProblemType is the media type of Problem.
const ProblemType = "application/problem+json"

// Problem is an error response (RFC 9457).
type Problem struct {
	Type   string `json:"type"` // about:blank: the status says it all
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	// Fields are what is wrong with a request, each with what was expected.
	Fields []exam.InputError `json:"fields,omitempty"`
	// Roster is what is wrong with a roster.
	Roster []exam.Problem `json:"roster,omitempty"`
	More   int            `json:"more,omitempty"` // further problems of the roster
}

func (p *Problem) Error() string {
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	for _, f := range p.Fields {
		text += "\n" + f.Error()
	}
	for _, x := range p.Roster {
		text += "\n" + x.String()
	}
	if p.More > 0 {
		text += fmt.Sprintf("\nand %d more", p.More)
	}
	return text
}

// problem makes a Problem.
func problem(status int, detail string) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail}
}

// problemOf turns an error into a Problem. What the caller cannot have caused is
// logged, and not shown.
func problemOf(err error, log *slog.Logger) *Problem {
	var own *Problem
	var roster *exam.RosterError
	switch fields := inputErrors(err); {
	case errors.As(err, &own):
		return own
	case errors.As(err, &roster):
		p := problem(http.StatusUnprocessableEntity, "the roster cannot be read; nothing was imported")
		p.Roster, p.More = roster.Problems, roster.More
		return p
	case fields != nil:
		p := problem(http.StatusUnprocessableEntity, "the request is not as expected")
		p.Fields = fields
		return p
	case errors.Is(err, exam.ErrChanged):
		return problem(http.StatusPreconditionFailed, err.Error()+"; compare it again")
	case errors.Is(err, store.ErrNotFound):
		return problem(http.StatusNotFound, err.Error())
	case errors.Is(err, store.ErrExists), errors.Is(err, store.ErrConflict):
		return problem(http.StatusConflict, err.Error())
	case errors.Is(err, store.ErrInvalid):
		return problem(http.StatusUnprocessableEntity, err.Error())
	}
	log.Error("request not answered", "err", err)
	return problem(http.StatusServiceUnavailable, "the server could not do this now: its log says why")
}

// inputErrors returns the InputErrors that an error is, or joins.
func inputErrors(err error) (list []exam.InputError) {
	var one *exam.InputError
	if joined, is := err.(interface{ Unwrap() []error }); is { //nolint:errorlint // each of them is looked at
		for _, e := range joined.Unwrap() {
			list = append(list, inputErrors(e)...)
		}
		return list
	}
	if errors.As(err, &one) {
		list = append(list, *one)
	}
	return list
}

// write sends a problem.
func (p *Problem) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", ProblemType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // fails if the client has disconnected
}
