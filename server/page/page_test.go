package page

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"examlink/probe"
	"examlink/probe/equipment"
	"examlink/probe/plan"
	"examlink/probe/verdict"
)

// budget is the most that the whole page may have, compressed.
const budget = 60_000

func handler(t *testing.T, o Options) *Handler {
	t.Helper()
	h, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func get(h http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestWholePageIsSmall(t *testing.T) {
	h, sum := handler(t, Options{Rehearsal: true}), 0
	for path := range h.files {
		sum += get(h, path, "Accept-Encoding", "gzip").Body.Len()
	}
	t.Logf("%d bytes in %d files", sum, len(h.files))
	if sum > budget {
		t.Errorf("%d bytes, expected at most %d", sum, budget)
	}
}

func TestEveryFileIsServedWithItsHeaders(t *testing.T) {
	h := handler(t, Options{})
	for path := range h.files {
		plain, packed := get(h, path), get(h, path, "Accept-Encoding", "br, gzip")
		for k, v := range headers {
			if got := plain.Header().Get(k); got != v {
				t.Errorf("%s: %s: %q, want %q", path, k, got, v)
			}
		}
		if kind := plain.Header().Get("Content-Type"); kind == "" {
			t.Errorf("%s: no media type", path)
		}
		want, body := plain.Body.Bytes(), io.Reader(packed.Body)
		if packed.Header().Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(packed.Body)
			if err != nil {
				t.Fatal(err)
			}
			body = z
		}
		if got, err := io.ReadAll(body); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: unpacked it is another file: %v", path, err)
		}
		tag := plain.Header().Get("ETag")
		again := get(h, path, "If-None-Match", tag)
		if again.Code != http.StatusNotModified || again.Body.Len() > 0 || again.Header().Get("ETag") != tag {
			t.Errorf("%s: asked for again by tag: %d, %d bytes", path, again.Code, again.Body.Len())
		}
		if other := get(h, path, "If-None-Match", `W/"other"`); other.Code != http.StatusOK {
			t.Errorf("%s: with another tag: %d", path, other.Code)
		}
	}
}

func TestOtherPathsAreNotFound(t *testing.T) {
	h := handler(t, Options{})
	for _, path := range []string{"/check/", "/check/check.html", "/check/en.json", "/check/../page.go", "/check/none.js"} {
		if got := get(h, path); got.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.Code)
		}
	}
}

func TestAccepts(t *testing.T) {
	for encodings, want := range map[string]bool{"": false, "gzip": true, "br, gzip;q=0.5": true, "gzip;q=0": false, "gzip; q=0": false, "x-gzip": false} {
		if got := accepts(encodings); got != want {
			t.Errorf("%q: %v", encodings, got)
		}
	}
}

// The page has nothing inline, names every script that there is, and no other host.
func TestPageNamesEverythingItNeeds(t *testing.T) {
	h := handler(t, Options{})
	b := h.files[Path].plain
	for path := range h.files {
		if strings.HasSuffix(path, ".js") && !bytes.Contains(b, []byte(`"`+path+`"`)) {
			t.Errorf("the page does not name %s", path)
		}
	}
	if m := regexp.MustCompile(`(?i)\s(on\w+|style)=|<script[^>]*>[^<]|<style`).Find(b); m != nil {
		t.Errorf("inline: %s", m)
	}
	for path, f := range h.files {
		if m := regexp.MustCompile(`https?://[^"' ]*|innerHTML|outerHTML|insertAdjacentHTML|\beval\(|document\.write`).Find(f.plain); m != nil && string(m) != "http://www.w3.org/2000/svg" {
			t.Errorf("%s: %s", path, m)
		}
	}
}

// Pictures and sound stay on the computer but in the rehearsal: what could send them is used
// by nothing else but the network measurement's line to the server, and nothing can record
// them.
func TestNothingSendsPicturesOrSound(t *testing.T) {
	h := handler(t, Options{})
	sends := regexp.MustCompile(`MediaRecorder|RTCPeerConnection|captureStream|toDataURL|toBlob|sendBeacon|XMLHttpRequest|WebSocket|WebTransport|EventSource|method:`)
	for path, f := range h.files {
		for _, m := range sends.FindAllString(string(f.plain), -1) {
			allowed := path == Path+"/line.js" || path == Path+"/sending.js" && m == "RTCPeerConnection"
			if strings.HasSuffix(path, ".js") && !allowed {
				t.Errorf("%s: %s", path, m)
			}
		}
	}
}

// words are the built-in catalogue.
func words(t *testing.T) map[string]string {
	t.Helper()
	b, err := assets.ReadFile("assets/" + english)
	if err != nil {
		t.Fatal(err)
	}
	w, err := catalogue(b, nil)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// The page calls criteria, results and phases what the program calls them.
func TestWordsAreTheProgram(t *testing.T) {
	w := words(t)
	for _, c := range verdict.Criteria() {
		if got := w["criterion."+string(c)]; got != c.Name() {
			t.Errorf("%s is %q, the program says %q", c, got, c.Name())
		}
	}
	for _, r := range standings() {
		if s := r.Standing(); w["standing."+s] != s {
			t.Errorf("%q is %q", s, w["standing."+s])
		}
	}
	for key, text := range plan.AheadWords() {
		if got := w["exam."+key]; got != text {
			t.Errorf("exam.%s is %q, the program says %q", key, got, text)
		}
	}
	for key, text := range equipment.Words() {
		if got := w["finding."+key]; got != strings.ReplaceAll(text, "'", "’") {
			t.Errorf("finding.%s is %q, the program says %q", key, got, text)
		}
	}
	for key := range w {
		if k, ok := strings.CutPrefix(key, "finding."); ok && equipment.Words()[k] == "" {
			t.Errorf("%s is none of the program's", key)
		}
	}
	for _, o := range verdict.Outcomes() {
		if w["outcome."+string(o)] == "" {
			t.Errorf("no text of the outcome %s", o)
		}
	}
	for _, p := range []probe.Phase{
		probe.PhaseConnect, probe.PhaseDelay, probe.PhaseFloorDown, probe.PhaseFloorUp, probe.PhaseCapacityDown, probe.PhaseCapacityUp, probe.PhaseGoodput, probe.PhaseSettle,
	} {
		if got := w["phase."+string(p)]; got != string(p) {
			t.Errorf("phase %q is %q", p, got)
		}
	}
}

// standings are reasons with all statuses.
func standings() (all []verdict.Reason) {
	statuses := []verdict.Status{verdict.Met, verdict.Missed, verdict.Unclear, verdict.NoBound, verdict.Hidden}
	for _, c := range []verdict.Criterion{verdict.Download, verdict.LossUp, verdict.UDP} {
		unit := map[verdict.Criterion]string{verdict.Download: "bit/s", verdict.LossUp: "ratio"}[c]
		for _, minimum := range statuses {
			for _, recommended := range statuses {
				all = append(all, verdict.Reason{Criterion: c, Unit: unit, AgainstMin: minimum, AgainstRec: recommended})
			}
		}
	}
	return all
}

// Every text is used, and every text that is used is there.
func TestCatalogueIsComplete(t *testing.T) {
	w := words(t)
	var source strings.Builder
	used := map[string]bool{}
	for path, f := range handler(t, Options{}).files {
		if strings.HasSuffix(path, ".js") {
			source.Write(f.plain)
			for _, m := range regexp.MustCompile(`\bt\('([a-z.]+)'`).FindAllSubmatch(f.plain, -1) {
				used[string(m[1])] = true
			}
		}
	}
	b, err := assets.ReadFile("assets/" + markup)
	if err != nil {
		t.Fatal(err)
	}
	source.Write(b)
	for key := range used {
		if w[key] == "" {
			t.Errorf("a script uses %q, which is not in the catalogue", key)
		}
	}
	computed := regexp.MustCompile(`^(lang|dir|(criterion|standing|outcome|phase|history|finding|camera|microphone|result\.also)\..*|rehearsal\.(webcam|screen))$`)
	for key := range w {
		if !computed.MatchString(key) && !regexp.MustCompile(`['"]`+regexp.QuoteMeta(key)+`['"]`).MatchString(source.String()) {
			t.Errorf("nothing uses %q", key)
		}
	}
}

func TestOtherCatalogue(t *testing.T) {
	w := words(t)
	w["lang"], w["dir"], w["start.title"] = "ar", "rtl", "قبل أن تبدأ"
	b, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	h := handler(t, Options{Texts: b})
	if html := string(h.files[Path].plain); !strings.Contains(html, `<html lang="ar" dir="rtl">`) || !strings.Contains(html, w["start.title"]) {
		t.Errorf("%.300s", html)
	}
	for _, bad := range []string{`{`, `[]`, `{"lang":"en"}`, strings.Replace(string(b), `"rtl"`, `"up"`, 1)} {
		if _, err := New(Options{Texts: []byte(bad)}); err == nil || !strings.HasPrefix(err.Error(), "page: texts:") {
			t.Errorf("%.40s: %v", bad, err)
		}
	}
}

// The measurement sends what it makes: nothing of camera or microphone reaches its worker.
func TestWorkerKnowsNoDevices(t *testing.T) {
	h := handler(t, Options{})
	imports := regexp.MustCompile(`from '\./([a-z]+\.js)'`)
	seen, next := map[string]bool{}, []string{"engine.js"}
	for len(next) > 0 {
		name := next[0]
		next = next[1:]
		if seen[name] {
			continue
		}
		seen[name] = true
		for _, m := range imports.FindAllSubmatch(h.files[Path+"/"+name].plain, -1) {
			next = append(next, string(m[1]))
		}
	}
	for _, name := range []string{"camera.js", "microphone.js", "devices.js", "equipment.js", "facts.js", "judge.js", "rehearsal.js", "sending.js"} {
		if seen[name] {
			t.Errorf("the worker imports %s", name)
		}
	}
	if !seen["line.js"] || !seen["train.js"] || !seen["reflector.js"] {
		t.Errorf("the worker imports %v", seen)
	}
}
