package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"examlink/server/board"
	"examlink/server/exam"
	"examlink/server/store"
)

// Paths of the board of an exam, and the schema of who is signed in.
const (
	MePath           = "/api/v1/me"
	BoardPath        = "/api/v1/board"
	boardPath        = examPath + "/board"
	boardChangesPath = boardPath + "/changes"

	MeSchema = "examlink.me/1"
)

// Me is who asks.
type Me struct {
	Schema   string   `json:"schema"`
	Role     string   `json:"role"`
	Identity string   `json:"identity"` // as in the audit log
	Exams    []string `json:"exams"`    // of a proctor; an operator sees all
}

func (a *API) boardRoutes() []Route {
	return []Route{
		{Method: http.MethodGet, Path: MePath, Roles: proctors, answer: me},
		{Method: http.MethodGet, Path: BoardPath, Roles: proctors, Does: store.Viewed, Views: "board", answer: a.boards},
		{Method: http.MethodGet, Path: boardPath, Roles: proctors, Does: store.Viewed, Views: "board", answer: a.board},
		{Method: http.MethodGet, Path: boardChangesPath, Roles: proctors, Does: store.Viewed, Views: "board", answer: a.boardChanges},
	}
}

// forBoard are the operations that the page of the board asks for.
var forBoard = []string{ExamsPath, MePath, boardPath, boardChangesPath}

// BoardHandlers returns what the page of the board asks for, by pattern: a part of the API
// that changes nothing, for the listener that proctors reach.
func (a *API) BoardHandlers() map[string]http.Handler {
	all := map[string]http.Handler{}
	for _, rt := range a.routes() {
		for _, path := range forBoard {
			if rt.Method == http.MethodGet && rt.Path == path {
				all[rt.Method+" "+rt.Path] = sameOrigin(a.serve(rt))
			}
		}
	}
	return all
}

// sameOrigin keeps answers from pages of other origins.
func sameOrigin(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		h.ServeHTTP(w, r)
	})
}

func me(_ http.ResponseWriter, r *http.Request) (any, error) {
	by := callOf(r).by
	return Me{MeSchema, string(by.Role), by.Identity, append([]string{}, by.Exams...)}, nil
}

// board answers with the whole board of an exam. An exam that is only named in join tokens
// has one while it has students.
func (a *API) board(_ http.ResponseWriter, r *http.Request) (any, error) {
	id := r.PathValue("exam")
	page := a.source.Board().Page(id)
	if len(page.Rows) == 0 {
		if _, err := a.source.Exams().Get(r.Context(), id); err != nil {
			return nil, err
		}
	}
	return page, nil
}

// boards answers with the rows of one exam or of all that the caller may see.
func (a *API) boards(_ http.ResponseWriter, r *http.Request) (any, error) {
	by, id := callOf(r).by, r.URL.Query().Get("exam")
	return a.source.Board().Rows(func(exam string) bool { return (id == "" || exam == id) && by.MaySee(exam) }), nil
}

// Board returns the rows of an exam, or of all exams if exam is empty.
func (c *Client) Board(ctx context.Context, exam string) (rows board.Rows, err error) {
	query := url.Values{}
	if exam != "" {
		query.Set("exam", exam)
	}
	_, err = c.ask(ctx, BoardPath, query, &rows)
	return rows, err
}

// lastEvent is the header by which a browser names the last event that it has.
const lastEvent = "Last-Event-ID"

// boardChanges answers with the changes of a board after a mark, as server-sent events.
func (a *API) boardChanges(_ http.ResponseWriter, r *http.Request) (any, error) {
	text, field := r.Header.Get(lastEvent), lastEvent
	if text == "" {
		text, field = r.URL.Query().Get("after"), "after"
	}
	if text == "" {
		return nil, &exam.InputError{Field: field, Problem: "empty, expected the mark of a board"}
	}
	m, err := board.ParseMark(text)
	if err == nil {
		_, _, _, err = a.source.Board().After(r.PathValue("exam"), m)
	}
	if errors.Is(err, board.ErrGone) {
		return nil, problem(http.StatusGone, "the changes since then are not kept; begin with the whole board")
	}
	release, ok := a.readers.enter(callOf(r).by.Identity)
	if !ok {
		return nil, problem(http.StatusTooManyRequests, "too many boards are open; close some")
	}
	s := boardStream{
		board: a.source.Board(), exam: r.PathValue("exam"), mark: m, release: release, log: a.log,
		allowed: func() bool { return a.mayStay(r) },
	}
	return stream(s.serve), nil
}
