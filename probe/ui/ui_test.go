package ui_test

import (
	"encoding/json"
	"io/fs"
	"math"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"examlink/probe/ui"
)

func get(h http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	q := httptest.NewRequest(method, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		q.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, q)
	return w
}

func TestFilesAreServed(t *testing.T) {
	h, err := ui.Handler(fstest.MapFS{"index.html": {Data: []byte("<!doctype html>")}, "ui.css": {Data: []byte("own")}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		method, path, kind string
		want               int
	}{
		{"GET", "/", "text/html; charset=utf-8", 200},
		{"HEAD", "/", "text/html; charset=utf-8", 200},
		{"GET", "/chart.js", "text/javascript; charset=utf-8", 200},
		{"GET", "/icon.svg", "image/svg+xml", 200},
		{"GET", "/ui.go", "", 404},
		{"GET", "/../ui.css", "", 404},
		{"POST", "/", "", 405},
		{"DELETE", "/chart.js", "", 405},
	} {
		r := get(h, c.method, c.path)
		if r.Code != c.want || c.kind != "" && r.Header().Get("Content-Type") != c.kind {
			t.Errorf("%s %s: %d, %s", c.method, c.path, r.Code, r.Header().Get("Content-Type"))
		}
		if p := r.Header().Get("Content-Security-Policy"); !strings.HasPrefix(p, "default-src 'none';") || strings.Contains(p, "unsafe") {
			t.Errorf("%s %s: policy %q", c.method, c.path, p)
		}
		if r.Header().Get("X-Content-Type-Options") != "nosniff" || r.Header().Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s %s: %v", c.method, c.path, r.Header())
		}
	}
	r := get(h, "GET", "/ui.css")
	if r.Body.String() != "own" {
		t.Error("the page's own file does not win")
	}
	if again := get(h, "GET", "/ui.css", "If-None-Match", r.Header().Get("ETag")); again.Code != http.StatusNotModified {
		t.Errorf("with its tag: %d", again.Code)
	}
	if _, err := ui.Handler(fstest.MapFS{"a.exe": {}}); err == nil || !strings.Contains(err.Error(), "a.exe") {
		t.Errorf("an unknown type: %v", err)
	}
}

const english = `{"language":"en","direction":"ltr","hello":"Hello {name}","n.one":"{count} check","n.other":"{count} checks"}`

func TestCatalogues(t *testing.T) {
	arabic := `{"language":"ar","direction":"rtl","hello":"مرحبا {name}","n.zero":"0","n.two":"2","n.other":"{count}"}`
	all, err := ui.ReadCatalogues(fstest.MapFS{"en.json": {Data: []byte(english)}, "ar.json": {Data: []byte(arabic)}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ query, accepts, want string }{
		{"", "", "en"}, {"", "fr-FR,fr;q=0.9", "en"}, {"", "fr,ar-EG;q=0.8,en;q=0.5", "ar"}, {"?lang=ar", "en", "ar"},
		{"?lang=xx", "ar", "ar"}, {"?lang=ar-XB", "en", "ar-XB"}, {"", "ar-XB", "en"},
	} {
		r := get(all, "GET", "/text.json"+c.query, "Accept-Language", c.accepts)
		var got ui.Catalogue
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Fatal(err)
		}
		if got["language"] != c.want {
			t.Errorf("%q, %q: %q, want %q", c.query, c.accepts, got["language"], c.want)
		}
	}
	if p := all[ui.PseudoLocale]; p["direction"] != "rtl" || !strings.HasSuffix(p["hello"], " {name}") || strings.Contains(p["hello"], "ello") {
		t.Errorf("pseudo-locale: %q", p)
	}
	for _, c := range []struct{ name, text, want string }{
		{"en.json", `{`, "expected one object of texts"},
		{"en.json", `{"language":"de","direction":"ltr"}`, `expected "en"`},
		{"de.json", `{"language":"de","direction":"ltr","hello":"Hallo"}`, `lacks ["n.one" "n.other"]`},
		{"de.json", `{"language":"de","direction":"ltr","hello":"Hallo","n.other":"x","more":"x"}`, `has unknown ["more"]`},
	} {
		tree := fstest.MapFS{"en.json": {Data: []byte(english)}}
		tree[c.name] = &fstest.MapFile{Data: []byte(c.text)}
		if _, err := ui.ReadCatalogues(tree); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: %v", c.name, c.text, err)
		}
	}
	if _, err := ui.ReadCatalogues(fstest.MapFS{}); err == nil {
		t.Error("a page without texts is accepted")
	}
}

// Texts are legible on both backgrounds in each scheme (WCAG 2.2, 1.4.3), and marks of
// a chart are seen (1.4.11).
func TestContrast(t *testing.T) {
	b, err := fs.ReadFile(ui.Files, ui.StyleName)
	if err != nil {
		t.Fatal(err)
	}
	schemes := regexp.MustCompile(`(?s):root \{(.*?)\}`).FindAllSubmatch(b, -1)
	if len(schemes) != 3 {
		t.Fatalf("%d schemes, want light, dark and print", len(schemes))
	}
	token := regexp.MustCompile(`--(\w+): #([0-9a-f]{6})`)
	for i, s := range schemes {
		name := []string{"light", "dark", "print"}[i]
		light := map[string]float64{}
		for _, m := range token.FindAllSubmatch(s[1], -1) {
			light[string(m[1])] = luminance(t, string(m[2]))
		}
		check := func(a, b string, least float64) {
			if _, ok := light[a]; !ok {
				t.Errorf("%s: no --%s", name, a)
				return
			}
			x, y := light[a]+.05, light[b]+.05
			if ratio := max(x, y) / min(x, y); ratio < least {
				t.Errorf("%s: --%s on --%s has a contrast of %.2f, want %.1f", name, a, b, ratio, least)
			}
		}
		for _, ink := range []string{"ink", "soft", "link", "good", "fair", "bad", "down", "up"} {
			check(ink, "page", 4.5)
			check(ink, "panel", 4.5)
		}
		check("edge", "page", 3)
		check("ink", "shade", 4.5)
	}
}

func luminance(t *testing.T, hex string) (out float64) {
	for i, weight := range []float64{.2126, .7152, .0722} {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= .04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+.055)/1.055, 2.4)
		}
		out += weight * c
	}
	return out
}

// A page's budget: what is shared must be small.
func TestSharedFilesAreSmall(t *testing.T) {
	total := 0
	err := fs.WalkDir(ui.Files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(ui.Files, name)
		total += len(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if total > 24<<10 {
		t.Errorf("%d bytes uncompressed, want at most 24 kB", total)
	}
}
