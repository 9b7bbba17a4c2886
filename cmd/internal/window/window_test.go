package window_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"examlink/cmd/internal/window"
	"examlink/probe"
	"examlink/probe/wire"
)

func made(t *testing.T, listener string) *window.Window {
	t.Helper()
	at, err := net.ResolveTCPAddr("tcp", listener)
	if err != nil {
		t.Fatal(err)
	}
	w, err := window.New(window.Options{
		Listener: at, State: func(after int) window.State { return window.State{Schema: window.Schema, Last: after} },
		Record: func() string { return "" }, Report: func(string) ([]byte, error) { return nil, errors.New("not asked for") },
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// request is one to a window at 127.0.0.1:9482, by default a good one.
type request struct{ method, path, host, from string }

func (q request) send(w *window.Window) *httptest.ResponseRecorder {
	r := httptest.NewRequest(q.method, "http://"+q.host+q.path, nil)
	r.RemoteAddr = q.from
	out := httptest.NewRecorder()
	w.ServeHTTP(out, r)
	return out
}

func TestWhoMayAsk(t *testing.T) {
	w := made(t, "127.0.0.1:9482")
	path := strings.TrimPrefix(w.Address(), "http://127.0.0.1:9482")
	if !strings.HasPrefix(path, window.Prefix) || len(path) < len(window.Prefix)+20 {
		t.Fatalf("address %s", w.Address())
	}
	const host, from = "127.0.0.1:9482", "127.0.0.1:50000"
	for _, c := range []struct {
		name string
		request
		want int
	}{
		{"the page", request{"GET", path, host, from}, 200},
		{"only its head", request{"HEAD", path, host, from}, 200},
		{"by name", request{"GET", path, "localhost:9482", from}, 200},
		{"over IPv6", request{"GET", path, "[::1]:9482", "[::1]:50000"}, 200},
		{"a script", request{"GET", path + "window.js", host, from}, 200},
		{"a shared script", request{"GET", path + "chart.js", host, from}, 200},
		{"the texts", request{"GET", path + "text.json", host, from}, 200},
		{"the state", request{"GET", path + "state.json", host, from}, 200},
		{"the state after a point", request{"GET", path + "state.json?after=17", host, from}, 200},
		{"a point that is none", request{"GET", path + "state.json?after=x", host, from}, 400},
		{"a point that is none", request{"GET", path + "state.json?after=-1", host, from}, 400},
		{"a record that is not there yet", request{"GET", path + "record.jsonl", host, from}, 404},
		{"its report", request{"GET", path + "report.html", host, from}, 404},
		{"no such file", request{"GET", path + "nonesuch", host, from}, 404},

		{"a name that was rebound", request{"GET", path + "state.json", "evil.example:9482", from}, 403},
		{"a name of the loopback, rebound", request{"GET", path, "localhost.evil.example:9482", from}, 403},
		{"another port", request{"GET", path, "127.0.0.1:80", from}, 403},
		{"no port", request{"GET", path, "localhost", from}, 403},
		{"another address", request{"GET", path, "192.0.2.1:9482", from}, 403},
		{"another computer", request{"GET", path, host, "192.0.2.7:50000"}, 403},
		{"another computer, over IPv6", request{"GET", path, host, "[2001:db8::7]:50000"}, 403},

		{"no key", request{"GET", window.Prefix, host, from}, 404},
		{"another key", request{"GET", window.Prefix + "aaaaaaaaaaaaaaaaaaaaaaaaaa/state.json", host, from}, 404},
		{"the key alone", request{"GET", strings.TrimSuffix(path, "/"), host, from}, 404},

		{"to change something", request{"POST", path + "state.json", host, from}, 405},
		{"to change something", request{"PUT", path, host, from}, 405},
		{"to remove something", request{"DELETE", path + "record.jsonl", host, from}, 405},
		{"options", request{"OPTIONS", path, host, from}, 405},
	} {
		r := c.send(w)
		if r.Code != c.want {
			t.Errorf("%s: %d, want %d", c.name, r.Code, c.want)
		}
		policy := r.Header().Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none';") || strings.Contains(policy, "unsafe") || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s: policy %q", c.name, policy)
		}
		if r.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: other origins may read it", c.name)
		}
		if r.Code == http.StatusForbidden && strings.Contains(r.Header().Get("Content-Type"), "html") {
			t.Errorf("%s: a refusal is a page", c.name)
		}
	}
}

// Each watch has a key of its own.
func TestKeysDiffer(t *testing.T) {
	if a, b := made(t, "127.0.0.1:9482"), made(t, "127.0.0.1:9482"); a.Address() == b.Address() {
		t.Error(a.Address())
	}
}

func TestOnlyOnLoopback(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:9482": true, "127.8.8.8:9482": true, "[::1]:9482": true,
		"0.0.0.0:9482": false, "[::]:9482": false, "192.0.2.1:9482": false, "[2001:db8::1]:9482": false,
	} {
		at, err := net.ResolveTCPAddr("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		_, err = window.New(window.Options{Listener: at})
		if want != (err == nil) || err != nil && !errors.Is(err, window.ErrNotLoopback) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// A long watch keeps the last points of each kind, and hands out each once.
func TestSeriesIsBounded(t *testing.T) {
	var s window.Series
	start := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	low, last, rates, delays := 1e6, 0, 0, 0
	for i := range 10000 {
		at := start.Add(time.Duration(i) * 5 * time.Second)
		s.Window(probe.WindowEvent{From: at.Add(-5 * time.Second), To: at, Account: &probe.Account{Sent: 50, Received: 50}})
		s.Floor(probe.FloorEvent{At: at, Floor: probe.Floor{Direction: wire.Up, Outcome: probe.FloorMeets, Rate: probe.Interval{Low: &low}}})
		if i%100 == 0 {
			var x window.State
			s.Fill(&x, last)
			last, rates, delays = x.Last, rates+len(x.Rates), delays+len(x.Delays)
		}
	}
	if want := 9901; rates != want || delays != want {
		t.Errorf("a page that asks often got %d rates and %d delays, want %d", rates, delays, want)
	}
	var all window.State
	s.Fill(&all, 0)
	if len(all.Rates) != 4320 || len(all.Delays) != 4320 || all.Rates[4319].Number != 20000 || all.Last != 20000 {
		t.Errorf("%d rates, %d delays, last %d", len(all.Rates), len(all.Delays), all.Last)
	}
}

// What is not known is not made up.
func TestPointsOfUnknowns(t *testing.T) {
	var s window.Series
	value := 1e6
	for _, f := range []probe.Floor{
		{Outcome: probe.FloorInconclusive, Rate: probe.Interval{Value: &value}}, {Outcome: probe.FloorMeets}, {Outcome: probe.FloorMeets, Glance: true, Rate: probe.Interval{Low: &value}},
	} {
		s.Floor(probe.FloorEvent{Floor: f})
	}
	s.Window(probe.WindowEvent{Account: &probe.Account{}})
	s.Window(probe.WindowEvent{Account: &probe.Account{Sent: 50, LostUnknown: 50, GapUnknown: 50}})
	s.Window(probe.WindowEvent{Account: &probe.Account{Sent: 50, Received: 40, LostUp: 10, OverTCP: 50}})
	s.Window(probe.WindowEvent{Account: &probe.Account{Sent: 50, Received: 30, LostUp: 15, GapUp: 10, LostDown: 5}})
	var x window.State
	s.Fill(&x, 0)
	if len(x.Rates) != 0 || len(x.Delays) != 4 {
		t.Fatalf("%d rates, %d delays", len(x.Rates), len(x.Delays))
	}
	for i, p := range x.Delays[:3] {
		if p.LostShare != nil || p.RoundTrip != nil || p.RoundTrip95 != nil {
			t.Errorf("window %d: %+v", i, p)
		}
	}
	if got := fmt.Sprint(*x.Delays[3].LostShare); got != "0.25" {
		t.Errorf("lost %s, want 10 of the 40 that were not sent in an interruption", got)
	}
}
