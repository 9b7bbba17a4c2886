package window_test

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"examlink/cmd/internal/window"
	"examlink/probe/view"
)

func made(t *testing.T, listener string) *window.Window {
	t.Helper()
	at, err := net.ResolveTCPAddr("tcp", listener)
	if err != nil {
		t.Fatal(err)
	}
	w, err := window.New(window.Options{
		Listener: at, State: func(after int) view.State { return view.State{Schema: view.Schema, Last: after} },
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
		{"a script", request{"GET", path + "host.js", host, from}, 200},
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
