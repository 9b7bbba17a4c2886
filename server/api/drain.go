package api

import (
	"context"
	"net/http"
)

// DrainPath hands the sessions of a server over to the others that share its store.
const (
	DrainPath   = "/api/v1/drain"
	DrainSchema = "examlink.drain/1"
)

// Drain is the response to DrainPath.
type Drain struct {
	Schema string `json:"schema"`
	// Draining: the server takes no sessions, and asks its clients to go on elsewhere.
	Draining bool `json:"draining"`
	Sessions int  `json:"sessions"` // whose clients are here still
	// Bound are those of them whose join token names no other server: they stay.
	Bound  int      `json:"bound"`
	Others []string `json:"others"` // the names of the servers that can take them
}

// DrainRequest begins or ends draining.
type DrainRequest struct {
	Draining bool `json:"draining"`
}

func (a *API) mountDrain(to mux) {
	state := func(w http.ResponseWriter) error {
		d := a.source.Draining()
		d.Schema = DrainSchema
		d.Others = append([]string{}, d.Others...)
		return answer(w, http.StatusOK, d)
	}
	to.Handle("GET "+DrainPath, a.operators(func(w http.ResponseWriter, _ *http.Request) error { return state(w) }))
	to.Handle("PUT "+DrainPath, a.operators(func(w http.ResponseWriter, r *http.Request) error {
		var x DrainRequest
		if err := read(w, r, &x); err != nil {
			return err
		}
		if err := a.source.Drain(r.Context(), x.Draining); err != nil {
			return err
		}
		return state(w)
	}))
}

// Drain begins or ends draining, and returns the state then.
func (c *Client) Drain(ctx context.Context, on bool) (d Drain, b []byte, err error) {
	b, err = c.send(ctx, http.MethodPut, c.base.JoinPath(DrainPath), DrainRequest{on}, &d)
	return d, b, err
}

// Draining returns whether the server is drained, and how far it is.
func (c *Client) Draining(ctx context.Context) (d Drain, b []byte, err error) {
	b, err = c.ask(ctx, DrainPath, nil, &d)
	return d, b, err
}
