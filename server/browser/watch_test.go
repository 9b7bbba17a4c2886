package browser_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"math"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"examlink/probe/netsim"
	"examlink/probe/record"
	"examlink/probe/ui/uitest"
	"examlink/probe/warning"
	"examlink/server/watchpage"
)

var hidden = flag.Duration("hidden", 20*time.Second, "how long TestWatchInAHiddenTab leaves the tab hidden")

// gate is a listener whose connections carry nothing while it is shut.
type gate struct {
	net.Listener
	shut atomic.Bool
}

// Accept implements net.Listener.
func (g *gate) Accept() (net.Conn, error) {
	c, err := g.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return gated{c, g}, nil
}

type gated struct {
	net.Conn
	g *gate
}

func (c gated) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	for c.g.shut.Load() {
		time.Sleep(20 * time.Millisecond)
	}
	return n, err
}

// cut takes the link away for a time and returns when that began.
func (s *stand) cut(d time.Duration) time.Time {
	set := func(out bool) {
		s.tcp.shut.Store(out)
		for _, p := range []*netsim.Pipe{s.relay.Up, s.relay.Down} {
			p.Update(func(x *netsim.Params) { x.Outage = out })
		}
	}
	began := time.Now()
	set(true)
	time.Sleep(d)
	set(false)
	return began
}

// do runs actions in the tab of the watch.
func (s *stand) do(actions ...chromedp.Action[chromedp.Void]) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.tab, 30*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		s.t.Fatal(err)
	}
}

// value returns the value of an expression in the tab.
func (s *stand) value(expression string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.tab, 30*time.Second)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[string](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		s.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// says waits until the page says something.
func (s *stand) says(within time.Duration, words ...string) {
	s.t.Helper()
	text := ""
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if text = s.value("document.body.innerText"); !strings.Contains(text, words[0]) {
			continue
		}
		for _, w := range words {
			if !strings.Contains(text, w) {
				s.t.Errorf("the page does not say %q:\n%s", w, text)
			}
		}
		return
	}
	s.t.Fatalf("the page did not say %q within %v:\n%s", words[0], within, text)
}

// watch opens the page of the watch and begins.
func (s *stand) watch() {
	s.t.Helper()
	if err := chromedp.Listen(s.tab, s.hear); err != nil {
		s.t.Fatal(err)
	}
	s.do(chromedp.Navigate("https://"+s.relay.Addr().String()+watchpage.Path+"#"+s.token), chromedp.WaitVisible("#begin"))
	s.accessible("before the watch")
	s.do(chromedp.Click("#begin"))
	s.says(20*time.Second, "GOOD")
}

// hear lets the page be closed, and fails for what goes wrong in it.
func (s *stand) hear(e any) {
	switch e := e.(type) {
	case *page.EventJavascriptDialogOpening: // it asks before it is closed
		go func() { // ends with the answer
			_, _ = chromedp.Call(s.tab, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
		}()
	case *runtime.EventExceptionThrown:
		s.t.Errorf("in the page: %v", (&chromedp.ExceptionError{ExceptionDetails: e.ExceptionDetails}).Error())
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			s.t.Errorf("in the page: console: %s %v", e.Type, e.Args)
		}
	}
}

// accessible fails for what axe finds on the page as it is, on a desktop and on a small
// phone, in light and dark, and for what is wider than a phone.
func (s *stand) accessible(state string) {
	s.t.Helper()
	for _, look := range []struct {
		width, height int64
		scheme        string
	}{{1280, 900, "light"}, {320, 640, "dark"}} {
		s.do(chromedp.EmulateViewport(look.width, look.height))
		if _, err := chromedp.Call(s.tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: look.scheme}},
		}); err != nil {
			s.t.Fatal(err)
		}
		if wide := s.value("String(document.documentElement.scrollWidth > innerWidth)"); wide == "true" {
			s.t.Errorf("%s: wider than %d", state, look.width)
		}
		found := s.value(uitest.AxeSource(s.t) + `;axe.run().then((r) => r.passes.length < 10 ? "only " + r.passes.length + " rules applied" : r.violations.flatMap((v) => v.nodes.map((n) => v.id + ": " + n.target + ": " + n.failureSummary)).join("\n"))`)
		if found != "" {
			s.t.Errorf("%s, %s, %d wide: axe: %s", state, look.scheme, look.width, found)
		}
	}
}

// picture takes a picture of the page as it is, for the documents, if pictures are wanted.
func (s *stand) picture(name string, width, height int64) {
	s.t.Helper()
	if uitest.Screenshots == "" {
		return
	}
	s.do(chromedp.EmulateViewport(width, height))
	shot, err := chromedp.Call(s.tab, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: "png"})
	if err == nil {
		err = os.WriteFile(filepath.Join(uitest.Screenshots, name+".png"), shot.Data, 0o644) //nolint:gosec // for everybody to see
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// kept returns the record that the page has kept, after the watch was ended.
func (s *stand) kept() []record.Line {
	s.t.Helper()
	s.do(chromedp.Click("#end"))
	s.says(20*time.Second, "You have ended the watch.")
	s.accessible("after the watch")
	var records []struct {
		First int
		Lines []string
	}
	text := s.value(`import("/watch/kept.js").then(async (k) => JSON.stringify(await k.readRecords(JSON.parse(atob(location.hash.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"))).jti)))`)
	if err := json.Unmarshal([]byte(text), &records); err != nil {
		s.t.Fatalf("%v: %s", err, text)
	}
	if len(records) != 1 || records[0].First != 1 {
		s.t.Fatalf("%d records, expected one whole one: %.2000s", len(records), text)
	}
	file := filepath.Join(s.t.TempDir(), "of-page.jsonl")
	if err := os.WriteFile(file, []byte(strings.Join(records[0].Lines, "\n")+"\n"), 0o600); err != nil {
		s.t.Fatal(err)
	}
	r, err := record.Load(file)
	if err != nil || !r.Chain.Whole() || !r.Chain.Ended || len(r.Bad) > 0 {
		s.t.Fatalf("%+v, %v", r, err)
	}
	if f, err := os.ReadFile(file); err != nil || !bytes.Contains(f, []byte(`"type":"countersignature"`)) {
		s.t.Errorf("the end of the record is not countersigned: %v", err)
	}
	return r.Lines
}

// An outage is seen in the tab and in the record, with its times, and a page that is loaded
// anew goes on with its session and says when it was away.
func TestWatchInATab(t *testing.T) {
	s := newStand(t, netsim.Params{Rate: 5e6, Delay: 10 * time.Millisecond}, netsim.Params{Rate: 10e6, Delay: 10 * time.Millisecond}, true)
	s.watch()
	time.Sleep(3 * time.Second)
	const out = 5 * time.Second
	began := s.cut(out)
	s.says(20*time.Second, "Connection interrupted", "Earlier warnings")
	s.accessible("after an interruption")
	s.picture("watch-phone-dark", 390, 844)
	time.Sleep(3 * time.Second)
	reloaded := time.Now()
	s.do(chromedp.Reload())
	s.says(20*time.Second, "GOOD", "Connection interrupted", "End the watch")
	time.Sleep(6 * time.Second)
	lines := s.kept()

	sessions := map[string]bool{}
	var cut, closed *record.Gap
	for _, l := range lines {
		if l.Session != nil && l.Session.Session != "" {
			sessions[l.Session.Session] = true
		}
		if g := l.Gap; g != nil {
			t.Logf("gap from %v to %v: %s, %s", g.From, g.To, g.Cause, g.Words)
			switch {
			case g.From.After(reloaded.Add(-time.Second)):
				closed = g
			default:
				cut = g
			}
		}
	}
	if len(sessions) != 1 {
		t.Errorf("sessions %v, expected one", sessions)
	}
	if cut == nil || math.Abs(cut.From.Sub(began).Seconds()) > 1 || math.Abs(cut.To.Sub(began.Add(out)).Seconds()) > 1 {
		t.Errorf("the outage from %v for %v: gap %+v", began, out, cut)
	}
	if closed != nil && !strings.Contains(closed.Words, string(warning.CauseClosed)) {
		t.Errorf("the page was loaded anew: gap %+v", closed)
	}
}

// A tab that is hidden measures on.
func TestWatchInAHiddenTab(t *testing.T) {
	s := newStand(t, netsim.Params{Rate: 5e6, Delay: 10 * time.Millisecond}, netsim.Params{Rate: 10e6, Delay: 10 * time.Millisecond}, true)
	s.watch()
	if _, err := chromedp.Call(s.tab, target.CreateTarget, target.CreateTargetParams{URL: "about:blank"}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
	if v := s.value("document.visibilityState"); v != "hidden" {
		t.Fatalf("the tab is %s, expected hidden", v)
	}
	time.Sleep(*hidden)
	for _, l := range s.kept() {
		if l.Gap != nil {
			t.Errorf("gap %+v, and the network made none", *l.Gap)
		}
		if m := l.Minute; m != nil {
			seconds := m.To.Sub(m.From.Time).Seconds()
			t.Logf("minute %v to %v: %d of %d packets, %.1f kbit/s down, %.1f up", m.From, m.To, m.Received, m.Sent, float64(m.BytesDown)*8/1e3/seconds, float64(m.BytesUp)*8/1e3/seconds)
		}
	}
}

// Where UDP does not get through, the page watches by WebSocket and says so.
func TestWatchByWebSocket(t *testing.T) {
	s := newStand(t, netsim.Params{}, netsim.Params{}, false)
	if err := chromedp.Listen(s.tab, s.hear); err != nil {
		t.Fatal(err)
	}
	s.do(chromedp.Navigate("https://"+s.relay.Addr().String()+watchpage.Path+"#"+s.token), chromedp.Click("#begin"))
	s.says(40*time.Second, "websocket", "The network blocks UDP")
}

// What the page could not see is named: it was closed, or the browser did not let it run.
func TestAwayPageIsNamed(t *testing.T) {
	s := newStand(t, netsim.Params{Rate: 5e6, Delay: 10 * time.Millisecond}, netsim.Params{Rate: 10e6, Delay: 10 * time.Millisecond}, true)
	s.watch()
	time.Sleep(6 * time.Second) // the page notes every few seconds that it is alive
	address := "https://" + s.relay.Addr().String() + watchpage.Path + "#" + s.token
	s.do(chromedp.Navigate("about:blank"))
	const out = 8 * time.Second
	closed := time.Now()
	time.Sleep(out)
	s.do(chromedp.Navigate(address))
	s.says(20*time.Second, "GOOD", "Connection interrupted", string(warning.CauseClosed))

	found := false
	for _, l := range s.kept() {
		g := l.Gap
		if g == nil {
			continue
		}
		t.Logf("gap from %v to %v: %s, %s", g.From, g.To, g.Cause, g.Words)
		found = found || g.Words == string(warning.CauseClosed) && math.Abs(g.From.Sub(closed).Seconds()) < 1.5 && math.Abs(g.To.Sub(closed.Add(out)).Seconds()) < 3
	}
	if !found {
		t.Errorf("no gap from %v for %v because the page was closed", closed, out)
	}
}
