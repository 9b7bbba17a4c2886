package page

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"examlink/probe/ui"
)

//go:embed assets
var assets embed.FS

const (
	markup  = "check.html" // the page; a template over the catalogue
	english = "en.json"    // the built-in catalogue, in assets
	texts   = "texts.json" // the catalogue in force, as served
)

// shared are the parts that all pages have of which this one has use.
var shared = []string{ui.StyleName, "state.js", "icon.svg"}

// kinds are the media types, the same on every system.
var kinds = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".json": "application/json", ".svg": "image/svg+xml",
}

// file is what is served at one path.
type file struct {
	kind   string // media type
	plain  []byte
	packed []byte // gzip; nil if that is no smaller
	tag    string // ETag of the content, however it is encoded
}

func newFile(name string, content []byte) (file, error) {
	f := file{kind: kinds[path.Ext(name)], plain: content}
	if f.kind == "" {
		return file{}, fmt.Errorf("page: %s: no media type for it", name)
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return file{}, err
	}
	if _, err := z.Write(content); err != nil {
		return file{}, err
	}
	if err := z.Close(); err != nil {
		return file{}, err
	}
	if b.Len() < len(content) {
		f.packed = b.Bytes()
	}
	sum := sha256.Sum256(content)
	f.tag = `W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	return f, nil
}

// build makes all files, by path.
func build(o Options) (map[string]file, error) {
	contents := map[string][]byte{}
	entries, err := fs.ReadDir(assets, "assets")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		b, err := assets.ReadFile("assets/" + e.Name())
		if err != nil {
			return nil, err
		}
		contents[Path+"/"+e.Name()] = b
	}
	for _, name := range shared {
		b, err := ui.Files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		contents[Path+"/"+name] = b
	}
	source, builtIn := contents[Path+"/"+markup], contents[Path+"/"+english]
	delete(contents, Path+"/"+markup)
	delete(contents, Path+"/"+english)
	words, err := catalogue(builtIn, o.Texts)
	if err != nil {
		return nil, err
	}
	if contents[Path+"/"+texts], err = json.Marshal(words); err != nil {
		return nil, err
	}
	if contents[Path], err = render(source, words, o, modules(contents)); err != nil {
		return nil, err
	}
	files := map[string]file{}
	for p, b := range contents {
		name := p
		if p == Path {
			name = markup
		}
		if files[p], err = newFile(name, b); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// catalogue returns the words in force.
func catalogue(builtIn, other []byte) (map[string]string, error) {
	var words map[string]string
	if err := json.Unmarshal(builtIn, &words); err != nil {
		return nil, fmt.Errorf("page: texts: %w", err)
	}
	if other == nil {
		return words, nil
	}
	var own map[string]string
	if err := json.Unmarshal(other, &own); err != nil {
		return nil, fmt.Errorf("page: texts: %w", err)
	}
	for k := range words {
		if own[k] == "" {
			return nil, fmt.Errorf("page: texts: no text %q", k)
		}
	}
	if own["dir"] != "ltr" && own["dir"] != "rtl" {
		return nil, fmt.Errorf("page: texts: dir: %q, expected ltr or rtl", own["dir"])
	}
	return own, nil
}

// modules lists the scripts besides the first, which the page names at once, so that a
// browser need not read one to learn of the next.
func modules(contents map[string][]byte) (names []string) {
	for _, p := range slices.Sorted(maps.Keys(contents)) {
		if name := strings.TrimPrefix(p, Path+"/"); path.Ext(name) == ".js" && name != "main.js" {
			names = append(names, name)
		}
	}
	return names
}

// render fills the page with words.
func render(source []byte, words map[string]string, o Options, modules []string) ([]byte, error) {
	text := func(key string) (string, error) {
		if w, ok := words[key]; ok {
			return w, nil
		}
		return "", errors.New("no text " + key)
	}
	t, err := template.New(markup).Funcs(template.FuncMap{"t": text}).Parse(string(source))
	if err != nil {
		return nil, fmt.Errorf("page: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, map[string]any{"Lang": words["lang"], "Dir": words["dir"], "Modules": modules, "Certificate": o.Certificate, "Rehearsal": o.Rehearsal}); err != nil {
		return nil, fmt.Errorf("page: %w", err)
	}
	return b.Bytes(), nil
}
