package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"examlink/probe/view"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"examlink/cmd/internal/window"
	"examlink/probe"
	"examlink/probe/history"
	"examlink/probe/ui/uitest"
	"examlink/probe/warning"
	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/exam"
)

// playedMoment is a moment of a watch, with what the page must say then.
type playedMoment struct {
	name   string
	until  func(view.State) bool
	expect []string
}

// state plays a watch and returns the page's state at the moment.
func (m playedMoment) state(t *testing.T) (frozen view.State) {
	t.Helper()
	s := &playedWatch{now: examDay.Add(-3 * time.Hour)}
	f := feedFor(t, s)
	keepWeek(t)
	stopped := false
	s.play(func(d time.Duration) {
		if !stopped && m.until(f.state(0)) {
			stopped, frozen = true, f.state(0)
		}
		addWindows(s, f, d)
		s.now = s.now.Add(d)
	})
	if !stopped {
		t.Fatalf("%s never came", m.name)
	}
	return frozen
}

// played are moments of a watch.
var played = []playedMoment{
	{"waiting", func(s view.State) bool { return s.Link.Condition == view.Waiting }, []string{"WAITING", "watching begins in", "Nothing has been measured yet"}},
	{"good", func(s view.State) bool { return s.Link.Condition == view.Good && s.Link.RoundTrip != nil }, []string{"GOOD", "at least 6.13 Mbit/s", "round trip 22 ms", "minimum 0.768"}},
	{"poor", func(s view.State) bool { return s.Link.Condition == view.Poor }, []string{"POOR", "Upload below the minimum", "The proctor may see your camera freeze.", "What to do: Pause cloud backup"}},
	{"interrupted", func(s view.State) bool {
		return s.Link.Condition == view.Interrupted && s.Warnings[0].Cause != ""
	}, []string{"NO CONNECTION", "Cause: " + string(warning.CauseRouter), "Earlier warnings"}},
}

// The page in each state of a watch, looked at in every way: nothing that axe objects
// to, no error, no other host, no wider than a small phone.
func TestWindowInBrowser(t *testing.T) {
	b := uitest.Open(t)
	for _, moment := range played {
		address, host := servedState(t, moment.state(t))
		for _, look := range uitest.ShortLooks() {
			what := "window-" + moment.name + "-" + look.Name
			b.Load(address, look)
			b.Until(`document.querySelector("#line")?.textContent && document.querySelector("#download svg")`)
			text := uitest.Value[string](b, "document.body.innerText")
			for _, want := range moment.expect {
				if look.Query == "" && !look.Print && !strings.Contains(text, want) {
					t.Errorf("%s: %q is missing from\n%s", what, want, text)
				}
			}
			b.Accessible(what)
			b.Fits(what)
			b.Problems(host)
			b.Picture(what)
		}
	}
}

// TestWindowScreenshots takes the pictures of the page in the documents, by make
// screenshots.
func TestWindowScreenshots(t *testing.T) {
	if uitest.Screenshots == "" {
		t.Skip("needs EXAMLINK_SCREENSHOTS=DIRECTORY")
	}
	b := uitest.Open(t)
	looks := map[string]uitest.Look{
		"recovered": {Name: "desktop", Width: 1040, Height: 1300}, "poor": {Name: "phone", Width: 390, Height: 844}, "interrupted": {Name: "desktop-dark", Width: 1040, Height: 700, Dark: true},
	}
	recovered := playedMoment{name: "recovered", until: func(s view.State) bool {
		return s.Link.Condition == view.Good && len(s.Warnings) > 1 && len(s.Delays) > 0
	}}
	for _, moment := range append(slices.Clone(played), recovered) {
		look, ok := looks[moment.name]
		if !ok {
			continue
		}
		address, host := servedState(t, moment.state(t))
		b.Load(address, look)
		b.Until(`document.querySelector("#line")?.textContent && document.querySelector("#download svg")`)
		b.Problems(host)
		b.View(moment.name + "-" + look.Name)
	}
}

// keepWeek puts a week's checks into the history.
func keepWeek(t *testing.T) {
	t.Helper()
	file, err := history.DefaultFile()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range pastWeek().Checks {
		if err := history.Add(file, c); err != nil {
			t.Fatal(err)
		}
	}
}

// addWindows adds the windows of the monitor stream of some time.
func addWindows(s *playedWatch, f *windowFeed, d time.Duration) {
	if c := f.state(0).Link.Condition; c == view.Waiting || c == view.Connecting {
		return
	}
	for at := s.now; at.Before(s.now.Add(d)); at = at.Add(5 * time.Second) {
		a := &probe.Account{Sent: 50, Received: 49, LostUp: 1}
		for i := range 49 {
			a.RoundTrip.Add(time.Duration(20+i%7+int(at.Unix()%11)) * time.Millisecond)
		}
		f.Window(probe.WindowEvent{From: at, To: at.Add(5 * time.Second), Account: a})
	}
}

// servedState serves one state, as if time stood still.
func servedState(t *testing.T, s view.State) (address, host string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	still := func(after int) view.State {
		x := s
		if after > 0 {
			x.Rates, x.Delays = []view.RatePoint{}, []view.DelayPoint{}
		}
		return x
	}
	w, err := window.New(window.Options{Listener: l.Addr(), State: still, Record: func() string { return "" }, Report: reportPage})
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: w, ReadHeaderTimeout: time.Minute}}
	server.Start()
	t.Cleanup(server.Close)
	return w.Address(), l.Addr().String()
}

// lockedBuffer is written and read from several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// The page of a real watch against a real server: it comes alive, hands out the record
// and its report, and says when the watch has ended.
func TestWindowOfRealWatch(t *testing.T) {
	b := uitest.Open(t)
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Setenv("AppData", t.TempDir())
	token := realServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	var stderr lockedBuffer
	done := make(chan int, 1)
	go func() { // ends with ctx
		done <- run(ctx, []string{"watch", "--metrics-listen", "127.0.0.1:0", token}, io.Discard, &stderr)
	}()
	defer func() { cancel(); <-done }()
	address := waitFor(t, &stderr, regexp.MustCompile(`http://\S+/watch/\S+/`))
	host := strings.Split(address, "/")[2]

	b.Load(address, uitest.Looks[0])
	b.Until(`document.querySelector("#state")?.textContent === "GOOD" || document.querySelector("#state")?.textContent === "FAIR"`)
	b.Until(`document.querySelectorAll("#tests tr").length > 0 && document.querySelector("#delay path.median")`)
	b.Accessible("live")
	b.Problems(host)
	b.Picture("window-live")

	record := fetch(t, address+"record.jsonl")
	if !strings.HasPrefix(record, `{"t":`) || !strings.HasSuffix(record, "}\n") || !strings.Contains(record, "examlink.record/1") {
		t.Errorf("the record: %.200q", record)
	}
	if page := fetch(t, address+"report.html"); !strings.Contains(page, "Record of exam") {
		t.Errorf("the report: %.200q", page)
	}

	cancel()
	if code := <-done; code != 0 {
		t.Errorf("exit code %d\n%s", code, stderr.String())
	}
	done <- 0
	b.Until(`!document.querySelector("#gone").hidden && document.querySelector("#state").textContent === "NOT WATCHING"`)
	b.Forget() // nobody answers any more
	b.Accessible("gone")
	b.Picture("window-gone")
	if n := strings.Count(stderr.String(), address); n != 1 {
		t.Errorf("the address was printed %d times", n)
	}
}

// realServer runs a server until the test ends, and returns a token for it.
func realServer(t *testing.T) string {
	t.Helper()
	keys, err := server.LoadKeys(t.TempDir(), "", "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	srv, err := server.New(server.Options{
		Conn: conn, Certificate: server.NewCertificate(keys.Certificate), TokenKey: keys.Token.Public().(ed25519.PublicKey), Secret: keys.Secret,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- srv.Run(ctx) }() // ends with ctx
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		_ = conn.Close()
	})
	token, err := exam.Issue(keys.Token, wire.JoinToken{
		Exam: "msds-5001", Student: "s-0017", Servers: []string{conn.LocalAddr().String()}, Fingerprint: keys.Fingerprint(),
		NotBefore: time.Now().Add(-time.Hour).Unix(), Expires: time.Now().Add(5 * time.Hour).Unix(),
		Starts: time.Now().Add(-90 * time.Minute).Unix(), Ends: time.Now().Add(90 * time.Minute).Unix(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// waitFor waits until the output matches.
func waitFor(t *testing.T, out *lockedBuffer, what *regexp.Regexp) string {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if found := what.FindString(out.String()); found != "" {
			return found
		}
	}
	t.Fatalf("no %s in\n%s", what, out.String())
	return ""
}
