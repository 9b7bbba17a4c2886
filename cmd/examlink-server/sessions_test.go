package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"examlink/server/alert"
)

func TestPrintSessions(t *testing.T) {
	now := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	up, low := 1.234e6, 0.9e6
	var bad, good sessionEntry
	bad.State, bad.Silent, bad.Exam, bad.Student, bad.Session, bad.Purpose = "dropped", 4.21, "e1", "s-\x1b[2J1", "AAA", "watch"
	bad.Warnings = []alert.Notice{{Kind: alert.Dropped}, {Kind: alert.BelowMinimum, Direction: "up"}}
	bad.Seen.Upload = &alert.Rate{Value: &up, At: now.Add(-7 * time.Second)}
	good.State, good.Silent, good.Exam, good.Student, good.Session, good.Purpose = "live", 0.04, "e1", "s-2", "BBB", "check"
	good.Claimed.Download = &alert.Rate{Low: &low, At: now.Add(-90 * time.Second)}
	good.Claimed.Warnings = []alert.Claim{{Kind: "loss"}}
	page := sessionsPage{At: now, Sessions: []sessionEntry{bad, good}, Incidents: []alert.Notice{{Sentence: "Incident on our side.", Since: now.Add(-time.Minute)}}}
	var out bytes.Buffer
	if err := printSessions(&out, page); err != nil {
		t.Fatal(err)
	}
	want := `Incident on our side. Since 08:59:00 UTC.
STATE         SILENT  EXAM  STUDENT   SESSION  UP (server)           DOWN (claimed)             WARNINGS
dropped       4.2 s   e1    s-?[2J1   AAA      1.23 Mbit/s, 7s ago   -                          dropped, below-minimum up
live (check)  0.0 s   e1    s-2       BBB      -                     >= 0.9 Mbit/s, 1m30s ago   loss (claimed)
`
	squeeze := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	if squeeze(out.String()) != squeeze(want) {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func TestAdminToken(t *testing.T) {
	dir := t.TempDir()
	if _, err := adminToken(dir, false); err == nil {
		t.Error("a token that is not there was read")
	}
	a, err := adminToken(dir, true)
	if err != nil || len(a) < 32 {
		t.Fatal(a, err)
	}
	info, err := os.Stat(filepath.Join(dir, adminTokenFile))
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if b, err := adminToken(dir, true); err != nil || a != b {
		t.Errorf("another token at the second start: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, adminTokenFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := adminToken(dir, true); err == nil {
		t.Error("an empty token will do")
	}
}

// Pages are for those who show the token, from here or by TLS.
func TestAPIGuards(t *testing.T) {
	a := api{token: strings.Repeat("t", 52)}
	h := a.guard(func(*http.Request) any { return "page" })
	for _, c := range []struct {
		name, from, token string
		tls               bool
		want              int
	}{
		{"good", "127.0.0.1:5", a.token, false, 200},
		{"good, IPv6", "[::1]:5", a.token, false, 200},
		{"from elsewhere by TLS", "192.0.2.1:5", a.token, true, 200},
		{"from elsewhere in clear", "192.0.2.1:5", a.token, false, 403},
		{"no token", "127.0.0.1:5", "", false, 401},
		{"another token", "127.0.0.1:5", strings.Repeat("t", 51) + "u", false, 401},
		{"too short", "127.0.0.1:5", strings.Repeat("t", 51), false, 401},
		{"no token by TLS", "192.0.2.1:5", "", true, 401},
	} {
		r := httptest.NewRequest(http.MethodGet, map[bool]string{false: "http://x/", true: "https://x/"}[c.tls], nil)
		r.RemoteAddr = c.from
		r.Header.Set(tokenHeader, c.token)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.want || (w.Code == 200) != strings.Contains(w.Body.String(), "page") {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
	}
}

// A live server's sessions, as the API and the command show them.
func TestSessionsOfALiveServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t, "s1", "s2", "s3", "s4")
		time.Sleep(2 * time.Minute)
		h.cut(true, "s2")
		time.Sleep(4 * time.Second)
		mux := http.NewServeMux()
		api{"token", h.srv, h.alerts}.mount(mux)
		q := &asker{base: &url.URL{Scheme: "http", Host: "x"}, token: "token", client: &http.Client{Transport: handlerTransport{mux}}}
		var out bytes.Buffer
		if err := q.sessions(context.Background(), &out, "", true); err != nil {
			t.Fatal(err)
		}
		var page sessionsPage
		if err := json.Unmarshal(out.Bytes(), &page); err != nil || page.Schema != sessionsSchema || len(page.Sessions) != 4 {
			t.Fatalf("%v %s", err, out.String())
		}
		w, l := page.Sessions[0], page.Sessions[1]
		if w.Student != "s2" || w.State != "dropped" || len(w.Warnings) != 1 || w.Warnings[0].Kind != alert.Dropped || w.Silent < 3.5 || w.Exam != "e1" {
			t.Errorf("worst: %+v", w)
		}
		if l.State != "live" || l.Seen.Upload == nil || l.Claimed.Download == nil || len(l.Warnings) != 0 || l.Probes < 1000 || l.Transport != "udp" || l.Purpose != "watch" {
			t.Errorf("live: %+v", l)
		}
		out.Reset()
		if err := q.sessions(context.Background(), &out, "e1", false); err != nil || strings.Count(out.String(), "\n") != 5 || !strings.Contains(out.String(), "dropped") {
			t.Errorf("%v\n%s", err, out.String())
		}
		out.Reset()
		if err := q.sessions(context.Background(), &out, "another", false); err != nil || out.String() != "no sessions\n" {
			t.Errorf("%v\n%s", err, out.String())
		}
		var active warningsPage
		if _, err := q.ask(context.Background(), warningsPath, nil, &active); err != nil || len(active.Warnings) != 1 || active.Schema != warningsSchema {
			t.Errorf("%+v, %v", active, err)
		}
		h.cut(false, "s2")
		time.Sleep(10 * time.Second)
	})
}

// handlerTransport asks a handler without a network.
type handlerTransport struct{ h http.Handler }

func (x handlerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	r.RemoteAddr = "127.0.0.1:1"
	x.h.ServeHTTP(w, r)
	return w.Result(), nil
}

// eachLine tells of each line that is written.
type eachLine struct{ got chan string }

func (l eachLine) Write(b []byte) (int, error) {
	for _, x := range strings.SplitAfter(string(b), "\n") {
		if x != "" {
			l.got <- x
		}
	}
	return len(b), nil
}

// Watching shows them anew, also after the server was away, until it is told to
// stop, which is no failure.
func TestWatchSessions(t *testing.T) {
	asked := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked == 2 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if r.Header.Get(tokenHeader) != "secret" || r.URL.String() != sessionsPath+"?exam=e+1" {
			t.Errorf("asked for %s with %q", r.URL, r.Header)
		}
		_ = json.NewEncoder(w).Encode(sessionsPage{Schema: sessionsSchema})
	}))
	defer srv.Close()
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	conf := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(conf, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	out, errs := eachLine{make(chan string, 100)}, eachLine{make(chan string, 100)}
	root := newRoot()
	root.SetArgs([]string{"--config", conf, "sessions", "--watch", "--json", "--exam", "e 1", "--url", srv.URL, "--token-file", token})
	root.SetOut(out)
	root.SetErr(errs)
	done := make(chan error, 1)
	go func() { done <- root.ExecuteContext(ctx) }()
	for range 3 {
		var page sessionsPage
		if err := json.Unmarshal([]byte(<-out.got), &page); err != nil || page.Schema != sessionsSchema {
			t.Errorf("%+v, %v", page, err)
		}
	}
	if e := <-errs.got; !strings.Contains(e, "503") {
		t.Error(e)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
