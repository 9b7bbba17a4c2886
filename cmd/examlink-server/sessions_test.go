package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"examlink/server/alert"
	"examlink/server/api"
	"examlink/server/auth"
)

func TestPrintSessions(t *testing.T) {
	now := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	up, low := 1.234e6, 0.9e6
	long, short := 4.21, 0.04
	var bad, good api.SessionEntry
	bad.Silent, good.Silent = &long, &short
	bad.State, bad.Exam, bad.Student, bad.Session, bad.Purpose = "dropped", "e1", "s-\x1b[2J1", "AAA", "watch"
	bad.Warnings = []alert.Notice{{Kind: alert.Dropped}, {Kind: alert.BelowMinimum, Direction: "up"}}
	bad.Seen.Upload = &alert.Rate{Value: &up, At: now.Add(-7 * time.Second)}
	good.State, good.Exam, good.Student, good.Session, good.Purpose = "live", "e1", "s-2", "BBB", "check"
	good.Claimed.Download = &alert.Rate{Low: &low, At: now.Add(-90 * time.Second)}
	good.Claimed.Warnings = []alert.Claim{{Kind: "loss"}}
	page := api.SessionsPage{At: now, Sessions: []api.SessionEntry{bad, good}, Incidents: []alert.Notice{{Sentence: "Incident on our side.", Since: now.Add(-time.Minute)}},
		Absent: []api.AbsentEntry{{Exam: "e1", Student: "s-3", State: alert.Absent, Since: now.Add(-130 * time.Second)}}, AbsentUnknown: []string{"e2"}}
	var out bytes.Buffer
	if err := printSessions(&out, page); err != nil {
		t.Fatal(err)
	}
	want := `Incident on our side. Since 08:59:00 UTC.
Exam e2: not known yet who has not connected; the server was started in mid-exam.
STATE         SILENT  EXAM  STUDENT   SESSION  UP (server)           DOWN (claimed)             WARNINGS
dropped       4.2 s   e1    s-?[2J1   AAA      1.23 Mbit/s, 7s ago   -                          dropped, below-minimum up
live (check)  0.0 s   e1    s-2       BBB      -                     >= 0.9 Mbit/s, 1m30s ago   loss (claimed)
never-connected 2m10s e1 s-3 - - -
`
	squeeze := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	if squeeze(out.String()) != squeeze(want) {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

// Where several servers share a store, the list says which one has a session.
func TestPrintSessionsOfSeveralServers(t *testing.T) {
	var here, there api.SessionEntry
	here.State, here.Exam, here.Student, here.Session = "live", "e1", "s-1", "AAA"
	there.State, there.Exam, there.Student, there.Session, there.Server = "live", "e1", "s-2", "BBB", "exam-2"
	var out bytes.Buffer
	if err := printSessions(&out, api.SessionsPage{Sessions: []api.SessionEntry{here, there}}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"SERVER", "AAA      this one", "BBB      exam-2"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("got\n%s\nexpected %q in it", out.String(), want)
		}
	}
}

// A live server's sessions, as the API and the command show them.
func TestSessionsOfALiveServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newTestbed(t, "s1", "s2", "s3", "s4")
		time.Sleep(2 * time.Minute)
		h.cut(true, "s2")
		time.Sleep(4 * time.Second)
		mux := http.NewServeMux()
		h.srv.API(auth.NewOperatorToken("token")).Mount(mux)
		q, err := api.NewClient("http://127.0.0.1", "token", nil)
		if err != nil {
			t.Fatal(err)
		}
		q = q.WithTransport(handlerTransport{mux})
		var out bytes.Buffer
		if err := showSessions(context.Background(), q, &out, "", true); err != nil {
			t.Fatal(err)
		}
		var page api.SessionsPage
		if err := json.Unmarshal(out.Bytes(), &page); err != nil || page.Schema != api.SessionsSchema || len(page.Sessions) != 4 {
			t.Fatalf("%v %s", err, out.String())
		}
		w, l := page.Sessions[0], page.Sessions[1]
		if w.Student != "s2" || w.State != "dropped" || len(w.Warnings) != 1 || w.Warnings[0].Kind != alert.Dropped || *w.Silent < 3.5 || w.Exam != "e1" {
			t.Errorf("worst: %+v", w)
		}
		if l.State != "live" || l.Seen.Upload == nil || l.Claimed.Download == nil || len(l.Warnings) != 0 || *l.Probes < 1000 || l.Transport != "udp" || l.Purpose != "watch" {
			t.Errorf("live: %+v", l)
		}
		out.Reset()
		if err := showSessions(context.Background(), q, &out, "e1", false); err != nil || strings.Count(out.String(), "\n") != 5 || !strings.Contains(out.String(), "dropped") {
			t.Errorf("%v\n%s", err, out.String())
		}
		out.Reset()
		if err := showSessions(context.Background(), q, &out, "another", false); err != nil || out.String() != "no sessions\n" {
			t.Errorf("%v\n%s", err, out.String())
		}
		if active, _, err := q.Warnings(context.Background()); err != nil || len(active.Warnings) != 1 || active.Schema != api.WarningsSchema {
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

// eachLine calls a function for each line written.
type eachLine struct{ got chan string }

func (l eachLine) Write(b []byte) (int, error) {
	for _, x := range strings.SplitAfter(string(b), "\n") {
		if x != "" {
			l.got <- x
		}
	}
	return len(b), nil
}

// --watch refreshes the list, also after the server was away, until interrupted,
// which is not an error.
func TestWatchSessions(t *testing.T) {
	asked := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked == 2 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if r.Header.Get(auth.OperatorHeader) != "secret" || r.URL.String() != api.SessionsPath+"?exam=e+1" {
			t.Errorf("asked for %s with %q", r.URL, r.Header)
		}
		_ = json.NewEncoder(w).Encode(api.SessionsPage{Schema: api.SessionsSchema})
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
		var page api.SessionsPage
		if err := json.Unmarshal([]byte(<-out.got), &page); err != nil || page.Schema != api.SessionsSchema {
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
