package main

import (
	"bytes"
	"encoding/json"
	"examlink/probe/view"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"examlink/cmd/internal/window"
	"examlink/docs/schemas"
	"examlink/probe/plan"
	"examlink/probe/verdict"
	"examlink/probe/warning"
)

// feedFor returns the feed of a watch that a played watch will fill, with a history of
// its own.
func feedFor(t *testing.T, s *playedWatch) *windowFeed {
	t.Helper()
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Setenv("AppData", t.TempDir())
	f := newWindowFeed("msds-5001", "exam.example.edu:8443", examTime(t), s.wall, t.Errorf)
	s.sink = f
	return f
}

// The page gets the state in the form of its schema, in the words of the terminal.
func TestWindowState(t *testing.T) {
	s := &playedWatch{now: examDay.Add(-3 * time.Hour)}
	f := feedFor(t, s)
	schemas.Fields[view.State](t, view.Schema)
	var documents [][]byte
	conditions := map[view.Condition]bool{}
	look := func() {
		state := f.state(0)
		conditions[state.Link.Condition] = true
		b, err := json.Marshal(state)
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, b)
	}
	look()
	s.play(func(d time.Duration) { look(); s.now = s.now.Add(d); look() })
	look()
	f.recording("/home/s/exam.jsonl")
	look()
	schemas.Test(t, view.Schema, documents...)
	for _, want := range []view.Condition{view.Waiting, view.Connecting, view.Testing, view.Good, view.Poor, view.Interrupted} {
		if !conditions[want] {
			t.Errorf("the page was never shown the condition %q", want)
		}
	}

	state := f.state(0)
	if len(state.Warnings) != 3 || state.Warnings[0].Kind != "suspended" || state.Warnings[2].Remedy != "" {
		t.Errorf("warnings: %+v", state.Warnings)
	}
	if w := state.Warnings[1]; !w.Gap || w.Cause != string(warning.CauseRouter) || w.Active {
		t.Errorf("the interruption: %+v", w)
	}
	if len(state.Checks) != 1 || state.Checks[0].Outcome != verdict.Ready || !state.Checks[0].Planned {
		t.Errorf("the planned check was not kept: %+v", state.Checks)
	}
	if later := f.state(state.Last); len(later.Rates)+len(later.Delays) != 0 || later.Last != state.Last {
		t.Errorf("nothing is new, and it gets %d rates and %d delays", len(later.Rates), len(later.Delays))
	}
	if one := f.state(state.Last - 1); len(one.Rates)+len(one.Delays) != 1 {
		t.Errorf("one point is new, and it gets %d rates and %d delays", len(one.Rates), len(one.Delays))
	}
}

// An active warning has the words of the entry that the terminal prints.
func TestWindowWarningHasTheTerminalsWords(t *testing.T) {
	w := warning.Warning{ID: 1, Kind: warning.UploadBelowMinimum, Start: examDay, Raised: examDay.Add(10 * time.Second), Evidence: "0.3 Mbit/s, the minimum is 0.384 Mbit/s", Episodes: 1}
	s := &playedWatch{now: w.Raised}
	var out bytes.Buffer
	v := newVoice(&screen{w: &out}, nil, plan.Plan{}, s.wall, false)
	v.raised(w)
	printed := strings.Join(strings.Fields(out.String()), " ")
	shown := view.Shown(w)
	for _, part := range []string{shown.Title, shown.Seen, shown.Meaning, "What to do: " + shown.Remedy} {
		if part == "" || !strings.Contains(printed, part) {
			t.Errorf("%q is not in %q", part, printed)
		}
	}
}

// servedWindow serves a feed as examlink watch does, and returns the page's address.
func servedWindow(t *testing.T, f *windowFeed) (address, host string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w, err := window.New(window.Options{Listener: l.Addr(), State: f.state, Record: f.recordFile, Report: reportPage})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle(window.Prefix, w)
	s := &httptest.Server{Listener: l, Config: &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}}
	s.Start()
	t.Cleanup(s.Close)
	return w.Address(), l.Addr().String()
}

func fetch(t *testing.T, address string) string {
	t.Helper()
	r, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK || !strings.HasPrefix(r.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("%s: %d, %v, %v", address, r.StatusCode, r.Header, err)
	}
	return string(b)
}

// A notification says where more is to be seen, if there is a page.
func TestNotificationNamesThePage(t *testing.T) {
	if got := (&watchPage{}).notice("packet loss"); got != "packet loss" {
		t.Errorf("without a page: %q", got)
	}
	if got := (&watchPage{address: "http://127.0.0.1:9482/watch/k/"}).notice("packet loss"); got != "packet loss\nDetails: http://127.0.0.1:9482/watch/k/" {
		t.Errorf("%q", got)
	}
}

func TestBrowserCommand(t *testing.T) {
	for goos, want := range map[string]string{
		"linux": "xdg-open A", "freebsd": "xdg-open A", "darwin": "open A", "windows": "rundll32 url.dll,FileProtocolHandler A",
	} {
		name, args := browserCommand(goos, "A")
		if got := name + " " + strings.Join(args, " "); got != want {
			t.Errorf("%s: %q, want %q", goos, got, want)
		}
	}
}

// A record that is written on while it is read is cut at the end of a line.
func TestRecordIsWholeLines(t *testing.T) {
	s := &playedWatch{now: examDay}
	f := feedFor(t, s)
	address, _ := servedWindow(t, f)
	name := filepath.Join(t.TempDir(), "exam-2026-11-30.jsonl")
	f.recording(name)
	if err := os.WriteFile(name, []byte("{\"seq\":1}\n{\"seq\":2}\n{\"se"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := fetch(t, address+"record.jsonl"); got != "{\"seq\":1}\n{\"seq\":2}\n" {
		t.Errorf("%q", got)
	}
}
