package board_test

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"examlink/server/board"
)

// asset asks for a file of the page.
func asset(t *testing.T, path string) *httptest.ResponseRecorder {
	t.Helper()
	mux := http.NewServeMux()
	handlers, err := board.Assets()
	if err != nil {
		t.Fatal(err)
	}
	for pattern, h := range handlers {
		mux.Handle(pattern, h)
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

// No file lets a page of another site frame it, run anything that is written into it, or
// ask another host.
func TestAssetsAreStrict(t *testing.T) {
	for _, path := range []string{"/board", "/board/board.js", "/board/ui.css", "/board/state.js", "/board/nothing"} {
		w := asset(t, path)
		policy := w.Header().Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "script-src 'self'", "require-trusted-types-for 'script'", "base-uri 'none'", "form-action 'none'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: policy %q lacks %s", path, policy, want)
			}
		}
		if w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %v", path, w.Header())
		}
	}
	page := asset(t, "/board").Body.String()
	if !strings.Contains(page, `id="rows"`) || regexp.MustCompile(`(?i)<script[^>]*>[^<]|<style|style=|\son\w+=`).MatchString(page) {
		t.Error("the page has something inline, or is another one")
	}
}

// Scripts neither make markup nor ask another host, and every text that they use is in the
// catalogue; none is left over.
func TestScriptsAndTexts(t *testing.T) {
	b, err := os.ReadFile("page/text/en.json")
	if err != nil {
		t.Fatal(err)
	}
	var texts map[string]string
	if err := json.Unmarshal(b, &texts); err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	files, _ := fs.Glob(os.DirFS("page"), "*.*")
	for _, name := range files {
		b, err := os.ReadFile("page/" + name)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
		if found := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|https?://|new Function`).Find(b); found != nil {
			t.Errorf("%s has %s", name, found)
		}
	}
	source := all.String()
	known := func(key string) bool { return texts[key] != "" || texts[key+".other"] != "" }
	for _, m := range regexp.MustCompile(`\bt\("([a-z.-]+)"[,)]|data-text="([a-z.-]+)"`).FindAllStringSubmatch(source, -1) {
		if key := m[1] + m[2]; !known(key) {
			t.Errorf("no text %q", key)
		}
	}
	for key := range texts {
		base := strings.TrimSuffix(strings.TrimSuffix(key, ".one"), ".other")
		prefix, _, _ := strings.Cut(base, ".")
		if !strings.Contains(source, `"`+base+`"`) && !strings.Contains(source, `"`+prefix+`."`) && key != "language" && key != "direction" {
			t.Errorf("nothing uses the text %q", key)
		}
	}
}
