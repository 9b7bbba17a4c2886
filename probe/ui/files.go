package ui

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

// contentTypes of the files of a page. The system's table is not asked: on Windows any
// program may have changed it, and a browser does not run a module of another type.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".json": "application/json",
	".svg":  "image/svg+xml",
}

// asset is one file in memory.
type asset struct {
	content   []byte
	kind, tag string
}

// Handler serves the files of a page, given by trees in which the first with a name
// wins, and Files behind them. The path of a request, without its leading slash, is
// the name; the empty path is index.html. Answers carry Headers and are used again only
// after asking (by an entity tag), so that a page and its parts are always of the same
// version. Files are read once. An error names the file with a type that no page has.
func Handler(trees ...fs.FS) (http.Handler, error) {
	assets := map[string]asset{}
	for _, tree := range append(trees, Files) {
		err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			if _, taken := assets[name]; taken {
				return nil
			}
			content, err := fs.ReadFile(tree, name)
			if err != nil {
				return err
			}
			kind, ok := contentTypes[path.Ext(name)]
			if !ok {
				return fmt.Errorf("ui: %s, expected a file of a page: .html, .css, .js, .json or .svg", name)
			}
			sum := sha256.Sum256(content)
			assets[name] = asset{content, kind, `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		Headers(w.Header())
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "expected GET or HEAD", http.StatusMethodNotAllowed)
			return
		}
		name := strings.TrimPrefix(r.URL.Path, "/")
		if name == "" {
			name = "index.html"
		}
		a, ok := assets[name]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", a.kind)
		w.Header().Set("Cache-Control", "no-cache")
		w.Header().Set("ETag", a.tag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.content))
	}), nil
}
