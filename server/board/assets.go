package board

import (
	"embed"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"examlink/probe/ui"
)

// Path is where the page is; its files are below.
const Path = "/board"

//go:embed page
var files embed.FS

// policy is the Content-Security-Policy: what all pages have, and no markup made by
// scripts.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// sendWithin bounds the time in which a file is sent. Chosen by us.
const sendWithin = 30 * time.Second

// Assets serves the files of the page. They are the same for everybody and name no
// student.
func Assets() (map[string]http.Handler, error) {
	tree, err := fs.Sub(files, "page")
	if err != nil {
		return nil, err
	}
	texts, err := fs.Sub(tree, "text")
	if err != nil {
		return nil, err
	}
	catalogues, err := ui.ReadCatalogues(texts)
	if err != nil {
		return nil, err
	}
	pages, err := ui.Handler(tree)
	if err != nil {
		return nil, err
	}
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, by := http.NewResponseController(w), time.Now().Add(sendWithin)
		_ = c.SetReadDeadline(by) // a connection without deadlines has bounds of its own
		_ = c.SetWriteDeadline(by)
		ui.Headers(w.Header())
		switch name := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, Path), "/"); name {
		case "text.json":
			catalogues.ServeHTTP(w, r)
		default:
			r2 := r.Clone(r.Context())
			r2.URL.Path = "/" + name
			pages.ServeHTTP(strict{w}, r2)
		}
	})
	return map[string]http.Handler{"GET " + Path: h, "GET " + Path + "/": h}, nil
}

// strict sets the policy of the page when its header is written.
type strict struct{ http.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (s strict) WriteHeader(status int) {
	s.Header().Set("Content-Security-Policy", policy)
	s.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (s strict) Write(b []byte) (int, error) {
	s.Header().Set("Content-Security-Policy", policy)
	return s.ResponseWriter.Write(b)
}
