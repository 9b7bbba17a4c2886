package signin

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"

	"examlink/server/auth"
	"examlink/server/exam"
	"examlink/server/store"
)

// maxLink bounds a request with a link's token. Chosen by us.
const maxLink = 8 << 10

// byLink signs in whoever has the token of a proctor's link, once. Its page sends the
// token in a request of its own: a form of another site cannot make one.
func (g *Gate) byLink(w http.ResponseWriter, r *http.Request) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		http.Error(w, "expected application/json", http.StatusUnsupportedMediaType)
		return
	}
	var q struct {
		Token string `json:"token"`
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxLink))
	d.DisallowUnknownFields()
	if err := d.Decode(&q); err != nil {
		http.Error(w, `expected {"token": "…"}`, http.StatusBadRequest)
		return
	}
	link, err := exam.VerifyProctorLink(g.o.LinkKeys(), q.Token, g.o.Now())
	if err != nil {
		g.refuse(r.Context(), "link not valid")
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	who := auth.Principal{Role: auth.Proctor, Identity: "link:" + link.ID, Exams: []string{link.Exam}}
	switch err := g.open(w, r, who, link.ID, link.Until); {
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
	case errors.Is(err, store.ErrConflict):
		g.refuse(r.Context(), "link used before")
		http.Error(w, "the link was used already: it signs in once; ask for another one", http.StatusUnauthorized)
	case errors.Is(err, store.ErrInvalid): // it has expired within the slack of clocks
		http.Error(w, exam.ErrProctorLink.Error(), http.StatusUnauthorized)
	default:
		g.o.Log.Error("not signed in", "err", err)
		http.Error(w, "not signed in: the server's store does not answer; try again", http.StatusServiceUnavailable)
	}
}
