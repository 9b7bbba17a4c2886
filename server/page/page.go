// Package page serves the students' check page: a check of network, camera and
// microphone in a browser, without an installation. It serves files and knows no
// student: the join token is in the fragment of the page's address, which browsers
// send to nobody.
package page

import (
	"net/http"
	"time"
)

// Path is where the page is; its assets are below.
const Path = "/check"

// Chosen by us.
const (
	// sendWithin bounds the time in which an asset is sent: the largest takes a second
	// on the slowest link that an exam allows.
	sendWithin = 30 * time.Second
)

// Options configures the page.
type Options struct {
	// Texts, if set, is a catalogue in place of the English one: a JSON object with the
	// keys of assets/en.json. One without all of them, or that is no such object, is
	// an error of New.
	Texts []byte
	// Rehearsal offers the rehearsal of webcam and screen.
	Rehearsal bool
	// Certificate is the SHA-256 of the server's certificate in base64, by which a browser
	// knows it for WebTransport although no authority vouches for it; empty: one does.
	// Browsers accept it for certificates that are valid for two weeks at most.
	Certificate string
}

// Handler serves the page at Path and its assets below. It is safe for concurrent use.
type Handler struct {
	files map[string]file // by path
}

// New returns the page's handler.
func New(o Options) (*Handler, error) {
	files, err := build(o)
	if err != nil {
		return nil, err
	}
	return &Handler{files: files}, nil
}

// Patterns lists the patterns of net/http that the handler is for.
func (h *Handler) Patterns() []string { return []string{"GET " + Path, "GET " + Path + "/"} }

// ServeHTTP serves one file.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, by := http.NewResponseController(w), time.Now().Add(sendWithin)
	_ = c.SetReadDeadline(by) // a connection without deadlines has bounds of its own
	_ = c.SetWriteDeadline(by)
	f, ok := h.files[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	f.serve(w, r)
}
