// Package uitest opens pages in Chromium, for tests: it looks at them as a browser
// does, and reports what a page must never do. Only tests import it.
package uitest

import (
	"bytes"
	"context"
	"fmt"
	"image/png"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

const (
	startWithin = 60 * time.Second // a loaded machine starts browsers slowly
	waitWithin  = 2 * time.Minute  // most waits take a second
	askEvery    = 50 * time.Millisecond
)

// Screenshots is the folder for pictures of pages, from the environment; empty: none
// are taken.
var Screenshots = os.Getenv("EXAMLINK_SCREENSHOTS")

// missing skips a test without a tool; in CI it fails.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// chromium finds the browser.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing(t, "no Chromium is installed")
	return ""
}

// Look is how a page is looked at.
type Look struct {
	Name          string // part of the names of pictures
	Width, Height int64
	Dark, Print   bool
	Query         string // of the page's address, such as lang=ar-XB
}

// Looks are those that every page is tested in.
var Looks = []Look{
	{Name: "light", Width: 1280, Height: 900},
	{Name: "dark", Width: 1280, Height: 900, Dark: true},
	{Name: "phone", Width: 320, Height: 720},
	{Name: "phone-dark", Width: 320, Height: 720, Dark: true},
	{Name: "rtl", Width: 1280, Height: 900, Query: "lang=ar-XB"},
	{Name: "phone-rtl", Width: 320, Height: 720, Query: "lang=ar-XB"},
	{Name: "print", Width: 794, Height: 1123, Print: true},
}

// ShortLooks returns Looks or, with -short, the three that differ most.
func ShortLooks() []Look {
	if testing.Short() {
		return []Look{Looks[0], Looks[3], Looks[5]}
	}
	return Looks
}

// Browser is one tab of a Chromium of its own.
type Browser struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	hosts    map[string]bool
	problems []string
}

// Open starts Chromium until the test ends; without one, and in short runs, it skips the
// test. more are additional options of its command line, such as that of a fake camera.
func Open(t *testing.T, more ...chromedp.ExecAllocatorOption) *Browser {
	t.Helper()
	if testing.Short() {
		t.Skip("long: starts a browser")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium(t)), chromedp.WSURLReadTimeout(startWithin), chromedp.Flag("lang", "en-GB"))
	if os.Geteuid() == 0 { // Chromium's sandbox wants another user
		options = append(options, chromedp.NoSandbox)
	}
	allocated, release := chromedp.NewExecAllocator(context.Background(), append(options, more...)...)
	ctx, end := chromedp.NewContext(allocated)
	t.Cleanup(func() { end(); release() })
	b := &Browser{t: t, ctx: ctx, hosts: map[string]bool{}}
	err := chromedp.Listen(ctx, b.hear) // starts the browser
	if err == nil {
		err = chromedp.Do(ctx, call(network.Enable, network.EnableParams{}), call(log.Enable, cdp.Empty{}))
	}
	if err != nil {
		t.Fatalf("Chromium: %v", err)
	}
	return b
}

// call is a command of the protocol as an action.
func call[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

// hear keeps what the page does.
func (b *Browser) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(e.Request.URL); err == nil && u.Host != "" {
			b.hosts[u.Host] = true
		}
	case *runtime.EventExceptionThrown:
		b.problems = append(b.problems, (&chromedp.ExceptionError{ExceptionDetails: e.ExceptionDetails}).Error())
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning || e.Type == runtime.ConsoleAPICalledTypeAssert {
			b.problems = append(b.problems, fmt.Sprintf("console: %s %v", e.Type, e.Args))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			b.problems = append(b.problems, fmt.Sprintf("log: %s (%s)", e.Entry.Text, e.Entry.URL))
		}
	}
}

// Run runs actions, within two minutes; the test fails if they fail.
func (b *Browser) Run(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, waitWithin)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.t.Fatalf("in Chromium: %v", err)
	}
}

// Load leaves the page before, forgets what was heard of it, and opens a page in a look.
func (b *Browser) Load(address string, l Look) {
	b.t.Helper()
	scheme, media := "light", ""
	if l.Dark {
		scheme = "dark"
	}
	if l.Print {
		media = "print"
	}
	if l.Query != "" {
		address += "?" + l.Query
	}
	b.Run(
		chromedp.EmulateViewport(l.Width, l.Height),
		call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Media: media, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		}),
	)
	b.Run(chromedp.Navigate("about:blank"))
	b.Forget()
	b.Run(chromedp.Navigate(address))
}

// Until waits until an expression of JavaScript is true. It asks from outside, because
// the page's policy lets nothing be evaluated inside.
func (b *Browser) Until(expression string) {
	b.t.Helper()
	for end := time.Now().Add(waitWithin); !Value[bool](b, "Boolean("+expression+")"); time.Sleep(askEvery) {
		if time.Now().After(end) {
			b.t.Fatalf("not within %v: %s\n%s", waitWithin, expression, Value[string](b, "document.body.innerText"))
		}
	}
}

// Value returns the value of an expression of JavaScript, or what its promise holds.
func Value[T any](b *Browser, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, waitWithin)
	defer cancel()
	out, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("in Chromium: %s: %v", expression[:min(len(expression), 200)], err)
	}
	return out
}

// Problems requires that the page wrote no error or warning to the console, and asked
// no host but this one; and forgets what it heard.
func (b *Browser) Problems(host string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.problems {
		b.t.Error(p)
	}
	for h := range b.hosts {
		if h != host {
			b.t.Errorf("the page asked %s, expected %s only", h, host)
		}
	}
	if len(b.hosts) == 0 {
		b.t.Error("the page asked nobody: no request was seen")
	}
	b.problems, b.hosts = nil, map[string]bool{}
}

// Forget forgets what was heard, as after a server was stopped on purpose.
func (b *Browser) Forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.problems, b.hosts = nil, map[string]bool{}
}

// OnWindows has the browser call itself Chrome on Windows 11, which exams accept.
func (b *Browser) OnWindows() {
	b.t.Helper()
	const text = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
	brands := []*emulation.UserAgentBrandVersion{{Brand: "Google Chrome", Version: "156.0.0.0"}, {Brand: "Chromium", Version: "156.0.0.0"}}
	b.Run(call(emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: text, UserAgentMetadata: &emulation.UserAgentMetadata{
		Brands: brands, FullVersionList: brands, Platform: "Windows", PlatformVersion: "15.0.0",
	}}))
}

// Picture takes a picture of the whole page, if Screenshots names a folder.
func (b *Browser) Picture(name string) {
	b.t.Helper()
	b.take(name, chromedp.FullScreenshot(100))
}

// View takes a picture of what the window shows, if Screenshots names a folder.
func (b *Browser) View(name string) {
	b.t.Helper()
	b.take(name, chromedp.CaptureScreenshot())
}

func (b *Browser) take(name string, picture chromedp.Action[[]byte]) {
	b.t.Helper()
	if Screenshots == "" {
		return
	}
	ctx, cancel := context.WithTimeout(b.ctx, waitWithin)
	defer cancel()
	taken, err := chromedp.Run(ctx, picture)
	if err != nil {
		b.t.Fatal(err)
	}
	pixels, err := png.Decode(bytes.NewReader(taken))
	if err != nil {
		b.t.Fatal(err)
	}
	var small bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&small, pixels); err != nil {
		b.t.Fatal(err)
	}
	if err := os.MkdirAll(Screenshots, 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(Screenshots, name+".png"), small.Bytes(), 0o644); err != nil {
		b.t.Fatal(err)
	}
}
