package server_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"examlink/probe/verdict"
	"examlink/server"
	"examlink/server/api"
	"examlink/server/auth"
)

// described is an API whose answers are held to its description.
type described struct {
	t        testing.TB
	handler  http.Handler
	valid    *jsonschema.Compiler
	paths    map[string]any
	document map[string]any
	srv      *server.Server
	seen     map[string]bool // operation and status
	secret   string          // a contact
}

func newDescribed(t testing.TB) *described {
	t.Helper()
	keys, err := server.LoadKeys(t.TempDir(), "", "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	issuer := keys.Issuer([]string{"exam.example.edu:8443", "exam2.example.edu:8443"})
	var log bytes.Buffer
	srv, err := server.New(server.Options{
		Conn: conn, TLS: &tls.Config{Certificates: []tls.Certificate{keys.Certificate}}, TokenKey: keys.Token.Public().(ed25519.PublicKey),
		Secret: keys.Secret, Issuer: &issuer, Policies: verdict.BuiltIn(), Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	srv.API(auth.NewOperatorToken("token")).Mount(mux)
	d := &described{t: t, handler: mux, srv: srv, seen: map[string]bool{}, secret: "secret@example.edu"}
	d.describe()
	t.Cleanup(func() {
		if strings.Contains(log.String(), "@example.edu") {
			t.Errorf("a contact is logged: %s", log.String())
		}
	})
	return d
}

// RoundTrip implements http.RoundTripper.
func (d *described) RoundTrip(r *http.Request) (*http.Response, error) {
	d.t.Helper()
	r.RemoteAddr = "127.0.0.1:1000"
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	resp := w.Result()
	b := bytes.Clone(w.Body.Bytes())
	resp.Body = io.NopCloser(bytes.NewReader(b))
	if err := d.check(r, resp, b); err != nil {
		d.t.Errorf("%s %s: %d %s\n%v", r.Method, r.URL, resp.StatusCode, b, err)
	}
	resp.Body = io.NopCloser(bytes.NewReader(b))
	if asked := strings.Contains(r.URL.RawQuery, "contacts=true") || r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/tokens") || r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/students/"); !asked && bytes.Contains(b, []byte(d.secret)) {
		d.t.Errorf("%s %s answers with a contact", r.Method, r.URL)
	}
	d.seen[fmt.Sprint(r.Method, " ", pattern(r.URL.Path), " ", resp.StatusCode)] = true
	return resp, nil
}

// describe reads the description from the server, as its clients do. The schemas of
// OpenAPI 3.1 are JSON Schema 2020-12.
func (d *described) describe() {
	d.t.Helper()
	r := httptest.NewRequest(http.MethodGet, api.DescriptionPath, nil)
	r.RemoteAddr = "127.0.0.1:1000"
	r.Header.Set(auth.OperatorHeader, "token")
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	v, err := jsonschema.UnmarshalJSON(w.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	d.document = v.(map[string]any)
	d.paths = d.document["paths"].(map[string]any)
	d.valid = jsonschema.NewCompiler()
	d.valid.DefaultDraft(jsonschema.Draft2020)
	d.valid.AssertFormat()
	if err := d.valid.AddResource("urn:openapi", v); err != nil {
		d.t.Fatal(err)
	}
}

// check holds an answer to the description: status, type and content.
func (d *described) check(r *http.Request, resp *http.Response, b []byte) error {
	path := pattern(r.URL.Path)
	operation, ok := d.at("/paths/" + escaped(path) + "/" + strings.ToLower(r.Method))
	if !ok {
		return fmt.Errorf("%s is not described", path)
	}
	at := "/paths/" + escaped(path) + "/" + strings.ToLower(r.Method) + "/responses/"
	status := fmt.Sprint(resp.StatusCode)
	if _, ok := operation.(map[string]any)["responses"].(map[string]any)[status]; !ok {
		if status = "default"; resp.StatusCode < 400 {
			return fmt.Errorf("status %d is not described", resp.StatusCode)
		}
	}
	at += status
	if v, _ := d.at(at); v.(map[string]any)["$ref"] != nil {
		at = strings.TrimPrefix(v.(map[string]any)["$ref"].(string), "#")
	}
	at += "/content/" + escaped(resp.Header.Get("Content-Type")) + "/schema"
	if _, ok := d.at(at); !ok {
		return fmt.Errorf("content type %q is not described", resp.Header.Get("Content-Type"))
	}
	if resp.Header.Get("Content-Type") == "application/yaml" {
		return nil
	}
	schema, err := d.valid.Compile("urn:openapi#" + at)
	if err != nil {
		return err
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		return err
	}
	return schema.Validate(v)
}

func escaped(s string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(s) }

// at finds a JSON pointer in the description.
func (d *described) at(pointer string) (v any, ok bool) {
	v = d.document
	for _, p := range strings.Split(pointer, "/")[1:] {
		of, _ := v.(map[string]any)
		if v, ok = of[strings.NewReplacer("~1", "/", "~0", "~").Replace(p)]; !ok {
			return nil, false
		}
	}
	return v, true
}

// pattern replaces the identifiers in a path.
func pattern(path string) string {
	parts := strings.Split(path, "/")
	if len(parts) > 4 && parts[3] == "exams" {
		parts[4] = "{exam}"
	}
	if len(parts) > 6 && parts[5] == "students" {
		parts[6] = "{student}"
	}
	return strings.Join(parts, "/")
}

func (d *described) client() *api.Client {
	c, err := api.NewClient("http://127.0.0.1", "token", nil)
	if err != nil {
		d.t.Fatal(err)
	}
	return c.WithTransport(d)
}

// raw makes a request and returns status and problem.
func (d *described) raw(method, path, content string, header ...string) (int, api.Problem) {
	d.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(content))
	r.Header.Set(auth.OperatorHeader, "token")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := d.RoundTrip(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	var p api.Problem
	if resp.StatusCode >= 400 {
		if err := json.NewDecoder(resp.Body).Decode(&p); err != nil || p.Status != resp.StatusCode {
			d.t.Errorf("%s %s: %+v, %v", method, path, p, err)
		}
	}
	return resp.StatusCode, p
}

// covered sees that every operation of the description has answered.
func (d *described) covered() {
	d.t.Helper()
	if len(d.paths) < 10 {
		d.t.Fatalf("%d paths", len(d.paths))
	}
	for path, operations := range d.paths {
		for method := range operations.(map[string]any) {
			if method == "parameters" || path == "/api/v1/exams/{exam}/board/changes" { // a stream: TestBoardStream… follow it
				continue
			}
			if name := strings.ToUpper(method) + " " + path; !d.seen[name+" 200"] && !d.seen[name+" 201"] {
				d.t.Errorf("%s has not answered", name)
			}
		}
	}
}
