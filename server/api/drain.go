package api

import (
	"context"
	"net/http"

	"examlink/server/store"
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

func (a *API) drainRoutes() []Route {
	state := func() Drain {
		d := a.source.Draining()
		d.Schema = DrainSchema
		d.Others = append([]string{}, d.Others...)
		return d
	}
	return []Route{
		{Method: http.MethodGet, Path: DrainPath, Roles: operators, answer: func(http.ResponseWriter, *http.Request) (any, error) { return state(), nil }},
		{Method: http.MethodPut, Path: DrainPath, Roles: operators, Does: store.Drained, answer: func(w http.ResponseWriter, r *http.Request) (any, error) {
			var x DrainRequest
			if err := read(w, r, &x); err != nil {
				return nil, err
			}
			store.Describe(r.Context(), map[bool]string{true: "begun", false: "ended"}[x.Draining])
			if err := a.source.Drain(r.Context(), x.Draining); err != nil {
				return nil, err
			}
			return state(), nil
		}},
	}
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
