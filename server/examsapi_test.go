package server_test

import (
	"bytes"
	"context"
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
	"examlink/server/store"
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
	if asked := strings.Contains(r.URL.RawQuery, "contacts=true") || r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/tokens"); !asked && bytes.Contains(b, []byte(d.secret)) {
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

func ref[T any](v T) *T { return &v }

var examStart = time.Now().Add(30 * 24 * time.Hour).Truncate(time.Minute)

func (d *described) create(c *api.Client) {
	d.t.Helper()
	_, err := c.CreateExam(context.Background(), api.ExamRequest{
		ID: "msds-5001", Title: ref("Algebra"), Start: &examStart, End: ref(examStart.Add(2 * time.Hour)), Zone: ref("America/Denver"),
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

// TestExamsAPI walks through an exam, and holds every answer to the description.
func TestExamsAPI(t *testing.T) {
	d := newDescribed(t)
	c, ctx := d.client(), t.Context()
	fail := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	d.create(c)
	e, _, err := c.Exam(ctx, "msds-5001")
	fail(err)
	if _, offset := e.Start.Zone(); offset >= 0 || !e.Start.Equal(examStart) || e.Policy != "default" {
		t.Errorf("%+v, want times in the exam's zone", e)
	}
	_, err = c.ChangeExam(ctx, "msds-5001", api.ExamRequest{Policy: ref("honorlock")})
	fail(err)
	roster := []byte("student;contact;group;comment\ns-1;" + d.secret + ";A;x\ns-2;two@example.edu;B;\n")
	preview, err := c.CompareRoster(ctx, "msds-5001", roster)
	fail(err)
	if len(preview.Added) != 2 || preview.Applied || len(preview.Ignored) != 1 {
		t.Errorf("%+v", preview)
	}
	applied, err := c.ImportRoster(ctx, "msds-5001", roster, preview.Version)
	fail(err)
	page, _, err := c.Roster(ctx, "msds-5001")
	fail(err)
	if len(page.Students) != 2 || page.Version != applied.Version || !applied.Applied {
		t.Errorf("%+v %+v", page, applied)
	}
	if _, err = c.ImportRoster(ctx, "msds-5001", roster, preview.Version); err == nil {
		t.Error("imported over a roster that has changed")
	}
	issued, _, err := c.IssueTokens(ctx, "msds-5001", api.IssueRequest{Contacts: true})
	fail(err)
	if len(issued.Tokens) != 2 || issued.Tokens[0].Contact != d.secret || !strings.HasPrefix(issued.Tokens[0].Link, "https://exam.example.edu:8443/check#") {
		t.Errorf("%+v", issued)
	}
	again, _, err := c.IssueTokens(ctx, "msds-5001", api.IssueRequest{Students: []string{"s-2"}, Replace: true})
	fail(err)
	if again.Tokens[0].Contact != "" || len(again.Revoked) != 1 {
		t.Errorf("%+v", again)
	}
	revoked, err := c.RevokeTokens(ctx, "msds-5001", api.RevokeRequest{Tokens: []string{again.Tokens[0].ID}})
	fail(err)
	fail(d.srv.Store().Receipts().Append(ctx, store.Receipt{ID: "r1", Exam: "msds-5001", Student: "s-1", At: time.Now(), Outcome: verdict.Ready}))
	status, _, err := c.ExamStatus(ctx, "msds-5001", true)
	fail(err)
	if status.Students[0].State != "not tested" || status.Students[1].Best == nil || status.Students[1].Contact != d.secret || status.Counts["ready"] != 1 {
		t.Errorf("%+v", status)
	}
	_, _, err = c.ExamStatus(ctx, "msds-5001", false)
	fail(err)
	for i, student := range []string{"s-1", "s-2"} {
		fail(d.srv.Store().Records().Append(ctx, store.RecordHead{Session: "x" + student, Exam: "msds-5001", Student: student, Record: store.Hash{9}, Line: uint64(i + 7), At: time.Now()}))
	}
	heads, err := c.RecordHeads(ctx, "msds-5001", "")
	fail(err)
	some, err := c.RecordHeads(ctx, "msds-5001", "s-2")
	fail(err)
	if len(heads.Heads) != 2 || len(some.Heads) != 1 || some.Heads[0].Line != 8 || some.Heads[0].Record != (store.Hash{9}) {
		t.Errorf("%+v %+v", heads, some)
	}
	if _, err := c.RecordHeads(ctx, "nonesuch", ""); err == nil {
		t.Error("heads of an unknown exam")
	}
	erased, err := c.EraseStudent(ctx, "msds-5001", "s-1")
	fail(err)
	list, _, err := c.Tokens(ctx, "msds-5001")
	fail(err)
	if len(revoked.Revoked) != 1 || !erased.Roster || erased.Receipts != 1 || erased.Records != 1 || len(list.Tokens) != 3 || !list.Tokens[0].Revoked || list.Tokens[0].Student != "" {
		t.Errorf("%+v %+v %+v", revoked, erased, list)
	}
	closed, err := c.CloseExam(ctx, "msds-5001")
	fail(err)
	all, err := c.Exams(ctx)
	fail(err)
	if !closed.Closed || len(all.Exams) != 1 || !all.Exams[0].Closed {
		t.Errorf("%+v %+v", closed, all)
	}
	if _, _, err := c.Drain(ctx, true); err == nil || !strings.Contains(err.Error(), "shares its store with no other") {
		t.Errorf("drained without others: %v", err)
	}
	if x, _, err := c.Drain(ctx, false); err != nil || x.Draining {
		t.Errorf("%+v %v", x, err)
	}
	if status, p := d.raw("PUT", api.DrainPath, `{"draining": true}`, "Content-Type", "application/json"); status != http.StatusConflict {
		t.Errorf("drained without others: %d %+v", status, p)
	}
	for _, path := range []string{api.SessionsPath, api.WarningsPath, api.UndeliveredPath, api.DrainPath, api.DescriptionPath, api.DescriptionYAMLPath} {
		if status, p := d.raw("GET", path, ""); status != 200 {
			t.Errorf("%s: %+v", path, p)
		}
	}
	d.covered()
}

// covered sees that every operation of the description has answered.
func (d *described) covered() {
	d.t.Helper()
	if len(d.paths) < 10 {
		d.t.Fatalf("%d paths", len(d.paths))
	}
	for path, operations := range d.paths {
		for method := range operations.(map[string]any) {
			if method == "parameters" {
				continue
			}
			if name := strings.ToUpper(method) + " " + path; !d.seen[name+" 200"] && !d.seen[name+" 201"] {
				d.t.Errorf("%s has not answered", name)
			}
		}
	}
}

// Every mistake is a problem that names the field and what was expected.
func TestExamsAPIProblems(t *testing.T) {
	d := newDescribed(t)
	d.create(d.client())
	const base = "/api/v1/exams"
	jsonType := []string{"Content-Type", "application/json"}
	for name, c := range map[string]struct {
		method, path, content string
		header                []string
		status                int
		want                  string // in detail, fields and roster
	}{
		"no exam":          {"GET", base + "/other", "", nil, 404, "exam other: not found"},
		"no content":       {"POST", base, "", jsonType, 400, "expected a JSON object"},
		"no JSON":          {"POST", base, "{", jsonType, 400, "expected JSON"},
		"an unknown field": {"POST", base, `{"name":"x"}`, jsonType, 400, `unknown field "name"`},
		"another type":     {"POST", base, `{"id":5}`, jsonType, 422, "id: a JSON number, expected a string"},
		"a time":           {"POST", base, `{"id":"e","start":"tomorrow"}`, jsonType, 400, "expected one such as"},
		"fields":           {"POST", base, `{"id":"e 1","zone":"Mars/Base","policy":"lax"}`, jsonType, 422, "policy: \"lax\", expected one of default"},
		"twice":            {"POST", base, fmt.Sprintf(`{"id":"msds-5001","start":%q,"end":%q,"zone":"UTC"}`, examStart.Format(time.RFC3339), examStart.Add(time.Hour).Format(time.RFC3339)), jsonType, 409, "exists already"},
		"a new id":         {"PATCH", base + "/msds-5001", `{"id":"x"}`, jsonType, 422, "id: expected none"},
		"limit":            {"GET", base + "?limit=0", "", nil, 422, "limit: \"0\", expected a number from 1 to 1000"},
		"contacts":         {"GET", base + "/msds-5001/status?contacts=please", "", nil, 422, "contacts: \"please\", expected true or false"},
		"no version":       {"PUT", base + "/msds-5001/roster", "s-1", nil, 428, "If-Match"},
		"another version":  {"PUT", base + "/msds-5001/roster", "s-1", []string{"If-Match", `"other"`}, 412, "compare it again"},
		"a bad roster":     {"POST", base + "/msds-5001/roster/compare", "student,contact\ns-1," + d.secret + "\ns-1,=" + d.secret + "\n", nil, 422, "line 3, column 1 (student): student \"s-1\" is on line 2 already"},
		"a large roster":   {"POST", base + "/msds-5001/roster/compare", strings.Repeat("x", 17<<20), nil, 413, "expected at most"},
		"an unknown group": {"POST", base + "/msds-5001/tokens", `{"group":"Z"}`, jsonType, 422, "group: \"Z\""},
		"an unknown token": {"POST", base + "/msds-5001/tokens/revoke", `{"tokens":["t"]}`, jsonType, 422, "tokens: \"t\""},
		"nothing":          {"POST", base + "/msds-5001/tokens/revoke", `{}`, jsonType, 422, "expected tokens or students"},
		"no exam to erase": {"DELETE", base + "/other/students/s-1", "", nil, 404, "not found"},
		"without a token":  {"GET", base, "", []string{auth.OperatorHeader, ""}, 401, "admin token"},
		"a wrong token":    {"DELETE", base + "/msds-5001/students/s-1", "", []string{auth.OperatorHeader, "wrong"}, 401, "admin token"},
	} {
		status, p := d.raw(c.method, c.path, c.content, c.header...)
		if text := p.Error(); status != c.status || !strings.Contains(text, c.want) || strings.Contains(text, d.secret) {
			t.Errorf("%s: %d %s, want %d %s", name, status, text, c.status, c.want)
		}
	}
	if err := d.srv.Store().Close(); err != nil {
		t.Fatal(err)
	}
	if status, p := d.raw("GET", base, ""); status != 503 || strings.Contains(p.Error(), "closed") {
		t.Errorf("without a store: %d %+v", status, p)
	}
}

// BenchmarkIssueTokens issues 10,000 tokens over the API.
func BenchmarkIssueTokens(b *testing.B) {
	d := newDescribed(b)
	client, err := api.NewClient("http://127.0.0.1", "token", nil)
	if err != nil {
		b.Fatal(err)
	}
	client = client.WithTransport(unchecked{d})
	d.create(client)
	var csv bytes.Buffer
	for i := range 10_000 {
		fmt.Fprintf(&csv, "s-%05d,s%05d@example.edu,A\n", i, i)
	}
	p, err := client.CompareRoster(b.Context(), "msds-5001", csv.Bytes())
	if err == nil {
		_, err = client.ImportRoster(b.Context(), "msds-5001", csv.Bytes(), p.Version)
	}
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		page, _, err := client.IssueTokens(b.Context(), "msds-5001", api.IssueRequest{Contacts: true})
		if err != nil || len(page.Tokens) != 10_000 {
			b.Fatal(len(page.Tokens), err)
		}
	}
}

// unchecked answers without a look at the description.
type unchecked struct{ *described }

func (u unchecked) RoundTrip(r *http.Request) (*http.Response, error) {
	r.RemoteAddr = "127.0.0.1:1000"
	w := httptest.NewRecorder()
	u.handler.ServeHTTP(w, r)
	return w.Result(), nil
}
