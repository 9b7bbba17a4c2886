package server_test

import (
	"crypto/tls"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"examlink/server"
	"examlink/server/page"
)

// The students' port serves the check page over TLS, beside WebSockets and the line of text.
func TestCheckPageIsServedOnTheStudentsPort(t *testing.T) {
	p := newPort(t, server.Limits{})
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13}, ForceAttemptHTTP2: true,
	}}
	defer client.CloseIdleConnections()
	for path, want := range map[string]string{page.Path: "<!doctype html>", page.Path + "/main.js": "import ", "/": "This is an examlink server."} {
		r, err := client.Get("https://" + p.addr.String() + path)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if err != nil || r.StatusCode != http.StatusOK || !strings.Contains(string(b), want) {
			t.Errorf("%s: %s, %v, %.80q, want %q", path, r.Status, err, b, want)
		}
		if path != "/" && (r.ProtoMajor != 2 || r.Header.Get("Content-Security-Policy") == "") {
			t.Errorf("%s: %s, policy %q: its scripts should share a connection, and have a policy", path, r.Proto, r.Header.Get("Content-Security-Policy"))
		}
	}
	r, err := client.Post("https://"+p.addr.String()+page.Path, "text/plain", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Body.Close()
	if r.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("a POST: %s", r.Status)
	}
}

func TestCheckPageCanBeLeftOut(t *testing.T) {
	s := newDescribed(t)
	for _, pattern := range s.srv.Patterns() {
		if strings.Contains(pattern, page.Path) {
			t.Errorf("%s is served without the option", pattern)
		}
	}
	if !slices.Contains(s.srv.Patterns(), "GET /") {
		t.Error("no line of text")
	}
}
