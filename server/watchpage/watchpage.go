// Package watchpage serves the page of a watch in a browser tab, which measures while an
// exam runs. It serves files and knows no student: the join token is in the fragment of
// the page's address, which browsers send to nobody. The check page must be served
// beside it, whose scripts it uses.
package watchpage

import (
	"embed"
	"encoding/json"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"examlink/probe/ui"
	"examlink/probe/view"
)

//go:embed page
var files embed.FS

// Path is where the page is; its assets are below.
const Path = "/watch/"

// sendWithin bounds the time in which a file is sent. Chosen by us.
const sendWithin = 30 * time.Second

// Handler serves the page at Path and its assets below. It is safe for concurrent use.
type Handler struct {
	pages  http.Handler
	texts  ui.Catalogues
	server []byte // server.json
}

// New returns the page's handler. certificate is the SHA-256 of the server's certificate
// in base64, as the check page's; empty: an authority vouches for it.
func New(certificate string) (*Handler, error) {
	own, err := fs.Sub(files, "page")
	if err != nil {
		return nil, err
	}
	tree, texts, err := view.Page()
	if err != nil {
		return nil, err
	}
	h := &Handler{texts: texts}
	if h.pages, err = ui.Handler(own, tree); err != nil {
		return nil, err
	}
	h.server, err = json.Marshal(map[string]string{"certificate": certificate})
	return h, err
}

// Patterns lists the patterns of net/http that the handler is for.
func (h *Handler) Patterns() []string { return []string{"GET " + Path} }

// ServeHTTP serves one file.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, by := http.NewResponseController(w), time.Now().Add(sendWithin)
	_ = c.SetReadDeadline(by) // a connection without deadlines has bounds of its own
	_ = c.SetWriteDeadline(by)
	ui.Headers(w.Header())
	switch strings.TrimPrefix(r.URL.Path, Path) {
	case "text.json":
		h.texts.ServeHTTP(w, r)
	case "server.json":
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(h.server)
	default:
		http.StripPrefix(strings.TrimSuffix(Path, "/"), h.pages).ServeHTTP(w, r)
	}
}
