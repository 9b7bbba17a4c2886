// Package window serves the page on which a student sees, on the own computer, how the
// watch of the link goes.
//
// It knows the page, the state that the page asks for, and who may ask. It refuses to
// know what a link's state is called and why: it is handed that, in the words that the
// program prints. Nothing can be changed through it.
package window

import (
	"crypto/rand"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"examlink/probe/ui"
	"examlink/probe/view"
)

//go:embed page
var files embed.FS

// Prefix is the path below which a window answers.
const Prefix = "/watch/"

// ErrNotLoopback means that the listener can be reached from other computers.
var ErrNotLoopback = errors.New("expected an address of the loopback, such as 127.0.0.1")

// Options are where a window takes from what it shows. The functions are called from
// several goroutines.
type Options struct {
	// Listener is the address on which it is served.
	Listener net.Addr
	// State returns the state now, with the points that were numbered after a number.
	State func(after int) view.State
	// Record returns the name of the record's file; empty if there is none.
	Record func() string
	// Report makes a page of a record's file.
	Report func(file string) ([]byte, error)
}

// Window is a page for the browsers of this computer's user. Its address contains a
// key, since programs of other users reach the loopback, too, and the record is for
// its owner alone.
type Window struct {
	o     Options
	port  string
	base  string // path, with slashes at both ends
	pages http.Handler
	texts ui.Catalogues
	files downloads
}

// New makes a window. The error is ErrNotLoopback if it must not be served there.
func New(o Options) (*Window, error) {
	at, err := netip.ParseAddrPort(o.Listener.String())
	if err != nil {
		return nil, err
	}
	if !at.Addr().IsLoopback() {
		return nil, fmt.Errorf("%s, %w", at, ErrNotLoopback)
	}
	w := &Window{o: o, port: fmt.Sprint(at.Port()), base: Prefix + strings.ToLower(rand.Text()) + "/"}
	host, err := fs.Sub(files, "page")
	if err != nil {
		return nil, err
	}
	tree, texts, err := view.Page()
	if err != nil {
		return nil, err
	}
	w.texts = texts
	w.pages, err = ui.Handler(host, tree)
	return w, err
}

// Address returns the page's address.
func (w *Window) Address() string { return "http://" + w.o.Listener.String() + w.base }

// ServeHTTP implements http.Handler for the paths below Prefix.
func (w *Window) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	ui.Headers(out.Header())
	out.Header().Set("Cache-Control", "no-store")
	if why := w.refuses(r); why != "" {
		http.Error(out, why, http.StatusForbidden)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		out.Header().Set("Allow", "GET, HEAD")
		http.Error(out, "expected GET or HEAD", http.StatusMethodNotAllowed)
		return
	}
	name, ok := strings.CutPrefix(r.URL.Path, w.base)
	if !ok {
		http.Error(out, "This is not the page of a watch that runs now. examlink watch prints the address of its page when it starts.", http.StatusNotFound)
		return
	}
	switch name {
	case "state.json":
		w.state(out, r)
	case "text.json":
		w.texts.ServeHTTP(out, r)
	case recordName:
		w.files.record(out, w.o.Record())
	case reportName:
		w.files.report(out, w.o.Record(), w.o.Report)
	default:
		http.StripPrefix(strings.TrimSuffix(w.base, "/"), w.pages).ServeHTTP(out, r)
	}
}

// state answers with the state now.
func (w *Window) state(out http.ResponseWriter, r *http.Request) {
	after := 0
	if s := r.URL.Query().Get("after"); s != "" {
		if _, err := fmt.Sscanf(s, "%d", &after); err != nil || after < 0 {
			http.Error(out, fmt.Sprintf("after=%q, expected the number of a point", s), http.StatusBadRequest)
			return
		}
	}
	b, err := json.Marshal(w.o.State(after))
	if err != nil { // no value of ours fails to marshal
		http.Error(out, err.Error(), http.StatusInternalServerError)
		return
	}
	out.Header().Set("Content-Type", "application/json")
	_, _ = out.Write(b)
}
