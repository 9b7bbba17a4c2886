package page

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"examlink/docs/schemas"
	"examlink/probe/equipment"
)

// patience bounds each step of a test; a step takes a second or two.
const patience = time.Minute

// needBrowser returns Chromium's path; without it the test is skipped, which is a
// failure in CI.
func needBrowser(t *testing.T) string {
	t.Helper()
	skip := t.Skipf
	if os.Getenv("CI") != "" {
		skip = t.Fatalf
	}
	if testing.Short() {
		t.Skip("long: starts a browser")
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		skip("needs chromium: %v", err)
	}
	return path
}

// tab is the page in a browser of its own.
type tab struct {
	t   *testing.T
	ctx context.Context
	at  string // scheme and host of the server

	handler *Handler
	asks    equipment.Requirements // of the judge

	mu       sync.Mutex
	problems []string // on the console, and requests to other hosts
}

// flags of Chromium besides those of every test. A value is a string or a bool.
type flags map[string]any

// fakeDevices answer for a camera of 1280x720 and a microphone that beeps, without a
// question.
func fakeDevices(more flags) flags {
	f := flags{"use-fake-device-for-media-stream": true, "use-fake-ui-for-media-stream": true}
	for k, v := range more {
		f[k] = v
	}
	return f
}

// openTab serves the page, with the stand-in for the measurement, and starts a browser.
func openTab(t *testing.T, o Options, f flags) *tab {
	t.Helper()
	path := needBrowser(t)
	h := handler(t, o)
	for name, content := range standIns(t) {
		var err error
		if h.files[Path+"/"+name], err = newFile(name, content); err != nil {
			t.Fatal(err)
		}
	}
	p := &tab{t: t, handler: h, asks: equipment.ProctorU2019()}
	mux := http.NewServeMux()
	mux.Handle("/", h)
	mux.HandleFunc("GET "+Path+"/judged", p.judge)
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.WSURLReadTimeout(patience), chromedp.NoSandbox, chromedp.Env("TZ=UTC"), chromedp.Flag("lang", "en-US"), chromedp.Flag("autoplay-policy", "no-user-gesture-required"))
	for k, v := range f {
		options = append(options, chromedp.Flag(k, v))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*patience)
	t.Cleanup(cancel)
	ctx, end := chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(end)
	ctx, closeTab := chromedp.NewContext(ctx)
	t.Cleanup(func() { _ = chromedp.Cancel(ctx); closeTab() })
	p.ctx, p.at = ctx, srv.URL
	p.must(chromedp.Listen(ctx, p.note))
	for _, err := range []error{
		call(ctx, network.Enable, network.EnableParams{}), call(ctx, log.Enable, struct{}{}), call(ctx, runtime.Enable, struct{}{}),
	} {
		p.must(err)
	}
	p.pretend(windows)
	t.Cleanup(p.clean)
	return p
}

// standIns are scripts in place of those that connect to a server, and what they serve.
func standIns(t *testing.T) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, name := range []string{"network.js", "judge.js"} {
		b, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = b
	}
	b, err := json.Marshal(reports())
	if err != nil {
		t.Fatal(err)
	}
	all["reports.json"] = b
	return all
}

// judge judges the facts of a page as a server does, and holds them to their schema.
func (p *tab) judge(w http.ResponseWriter, r *http.Request) {
	facts := []byte(r.FormValue("facts"))
	schemas.Test(p.t, equipment.FactsSchema, facts)
	f, err := equipment.ReadFacts(facts)
	if err != nil {
		p.t.Error(err)
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(equipment.Answer{Schema: equipment.JudgementSchema, Judgement: equipment.Judge(f, p.asks)}); err != nil {
		p.t.Error(err)
	}
}

// note keeps what should not happen.
func (p *tab) note(ev any) {
	bad := func(format string, args ...any) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.problems = append(p.problems, fmt.Sprintf(format, args...))
	}
	switch e := ev.(type) {
	case *runtime.EventExceptionThrown:
		bad("exception: %s %v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception)
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" || e.Type == "assert" {
			bad("console: %v", e.Args[0])
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == "error" || e.Entry.Level == "warning" {
			bad("log: %s %s", e.Entry.Text, e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(e.Request.URL); err != nil || u.Scheme != "blob" && u.Scheme+"://"+u.Host != p.at {
			bad("request to another host: %s", e.Request.URL)
		}
		if e.Request.Method != http.MethodGet {
			bad("%s %s", e.Request.Method, e.Request.URL)
		}
	}
}

// clean fails the test for what was noted.
func (p *tab) clean() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.problems {
		p.t.Error(s)
	}
}

func (p *tab) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// agent is what a browser tells of itself.
type agent struct{ text, brand, platform, version string }

var (
	windows = agent{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36", "Google Chrome", "Windows", "15.0.0"}
	linux   = agent{"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36", "Google Chrome", "Linux", "6.1.0"}
)

// pretend makes the browser tell another system.
func (p *tab) pretend(a agent) {
	p.t.Helper()
	brands := []*emulation.UserAgentBrandVersion{{Brand: "Not=A?Brand", Version: "24"}, {Brand: a.brand, Version: "156.0.0.0"}, {Brand: "Chromium", Version: "156.0.0.0"}}
	p.must(call(p.ctx, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: a.text, UserAgentMetadata: &emulation.UserAgentMetadata{
		Brands: brands, FullVersionList: brands, Platform: a.platform, PlatformVersion: a.version,
	}}))
}

// open opens the page with a token of a scenario.
func (p *tab) open(scenario string) {
	p.t.Helper()
	p.do(chromedp.Navigate("about:blank")) // a change of the fragment alone loads nothing
	p.do(chromedp.Navigate(p.at + Path + "#" + token(scenario)))
	p.wait(`!document.getElementById('begin').disabled || !document.getElementById('nolink').hidden`)
}

// token is a join token as far as a page can read it.
func token(scenario string) string {
	starts := time.Date(2026, 12, 7, 16, 0, 0, 0, time.UTC).Unix()
	content := fmt.Sprintf(`{"jti":%q,"exam":"msds-5001","sub":"s-0017","srv":["localhost"],"starts":%d,"ends":%d,"zone":"America/Denver"}`, scenario, starts, starts+7200)
	return "e30." + base64.RawURLEncoding.EncodeToString([]byte(content)) + ".c2ln"
}

func (p *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	p.must(chromedp.Do(ctx, steps...))
}

// wait waits until an expression is true.
func (p *tab) wait(expression string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	// Poll would make a function of a text, which the page's policy forbids.
	for {
		if ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`Boolean(`+expression+`)`)); err != nil {
			p.t.Fatalf("%s: %v; the page says: %.1500s", expression, err, p.text("body"))
		} else if ok {
			return
		}
		select {
		case <-ctx.Done():
			p.t.Fatalf("%s: not within %v; the page says: %.1500s", expression, patience, p.text("body"))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// text is the visible text of the element of a selector, with what is folded away.
func (p *tab) text(selector string) string {
	p.t.Helper()
	text := eval[string](p, fmt.Sprintf("(e => { for (const d of e.querySelectorAll('details')) d.open = true; return e.innerText })(document.querySelector(%q))", selector))
	return strings.ReplaceAll(text, "\u00a0", " ")
}

// click clicks a button with the mouse, once it is visible and enabled.
func (p *tab) click(id string) {
	p.t.Helper()
	p.wait(fmt.Sprintf(`(b => b.checkVisibility() && !b.disabled)(document.getElementById(%q))`, id))
	p.do(chromedp.Click(chromedp.CSS("#" + id)))
}

// expect fails unless the element's text has all the words.
func (p *tab) expect(selector string, words ...string) {
	p.t.Helper()
	got := p.text(selector)
	for _, w := range words {
		if !strings.Contains(got, w) {
			p.t.Errorf("%s says %q, want %q", selector, got, w)
		}
	}
}

// says waits until the element's text begins with some words: a busy host may find a
// picture frozen or a microphone silent for a moment.
func (p *tab) says(selector, words string) {
	p.t.Helper()
	p.wait(fmt.Sprintf(`document.querySelector(%q).textContent.startsWith(%q)`, selector, words))
}

// eval evaluates an expression, which may be a promise.
func eval[T any](p *tab, expression string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%.200s: %v", expression, err)
	}
	return v
}
