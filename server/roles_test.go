package server_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"examlink/server/api"
	"examlink/server/auth"
	"examlink/server/exam"
	"examlink/server/store"
)

// proctorHeader names a proctor in tests.
const proctorHeader = "Test-Proctor"

// proctorsOf authenticates proctors by proctorHeader.
type proctorsOf map[string][]string

func (p proctorsOf) Authenticate(r *http.Request) (auth.Principal, error) {
	name := r.Header.Get(proctorHeader)
	if name == "" {
		return auth.Principal{}, auth.ErrMissing
	}
	return auth.Principal{Role: auth.Proctor, Identity: name, Exams: p[name]}, nil
}

// withProctors makes an API with an exam, a roster and two proctors: p-1 of the exam,
// p-2 of another.
func withProctors(t *testing.T) *described {
	t.Helper()
	d := newDescribed(t)
	mux := http.NewServeMux()
	d.srv.API(auth.Any(proctorsOf{"p-1": {"msds-5001"}, "p-2": {"other"}}, auth.NewOperatorToken("token"))).Mount(mux)
	d.handler = mux
	d.create(d.client())
	if err := d.srv.Store().Roster().Put(t.Context(), "msds-5001", []store.Student{{ID: "s-1", Contact: store.Contact(d.secret)}}); err != nil {
		t.Fatal(err)
	}
	return d
}

// as makes a request with the headers of a caller, and returns the answer.
func (d *described) as(method, path, content string, header http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(content))
	r.RemoteAddr = "127.0.0.1:1000"
	r.Header = header.Clone()
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	return w
}

func concrete(path string) string {
	return strings.NewReplacer("{exam}", "msds-5001", "{student}", "s-1").Replace(path)
}

// Every route opens for the roles of its row, and for nobody else.
func TestRoles(t *testing.T) {
	for _, rt := range api.Routes() {
		t.Run(strings.TrimSpace(rt.Method+" "+rt.Path), func(t *testing.T) { testRoute(t, rt) })
	}
}

func testRoute(t *testing.T, rt api.Route) {
	d := withProctors(t)
	issued, err := d.srv.Exams().Issue(t.Context(), "msds-5001", exam.Selection{}, false)
	if err != nil {
		t.Fatal(err)
	}
	token := issued.Issued[0].Text
	const denied, none = http.StatusForbidden, http.StatusUnauthorized
	proctor, ofAnother := denied, denied
	if slices.Contains(rt.Roles, auth.Proctor) {
		proctor = http.StatusOK
		if !strings.Contains(rt.Path, "{exam}") { // a list, without the exams of others
			ofAnother = http.StatusOK
		}
	}
	if !slices.Contains(rt.Roles, auth.Operator) || slices.Contains(rt.Roles, auth.Student) {
		t.Errorf("for %v", rt.Roles)
	}
	for _, c := range []struct {
		who    string
		header http.Header
		want   int // 200: not refused for who asks, whatever is wrong with the request
	}{
		{"nobody", http.Header{}, none},
		{"a wrong token", http.Header{auth.OperatorHeader: {"other"}}, none},
		{"a student's join token as the admin token", http.Header{auth.OperatorHeader: {token}}, none},
		{"a student's join token", http.Header{"Authorization": {"Bearer " + token}, "Cookie": {"token=" + token}}, none},
		{"a proctor of another exam", http.Header{proctorHeader: {"p-2"}}, ofAnother},
		{"a proctor of none", http.Header{proctorHeader: {"p-3"}}, ofAnother},
		{"a proctor of the exam", http.Header{proctorHeader: {"p-1"}}, proctor},
		{"an operator", http.Header{auth.OperatorHeader: {"token"}}, http.StatusOK},
	} {
		w := d.as(rt.Method, concrete(rt.Path), "", c.header)
		if got := w.Code; got != c.want && (c.want != http.StatusOK || got == denied || got == none) {
			t.Errorf("%s: %d, want %d", c.who, got, c.want)
		}
		if (c.want != http.StatusOK || strings.HasPrefix(c.who, "a proctor of another")) && strings.Contains(w.Body.String(), "s-1") {
			t.Errorf("%s sees a student: %s", c.who, w.Body)
		}
	}
}

// A proctor of the exam sees it, but no contacts, and no list has another exam.
func TestProctorsSeeTheirExams(t *testing.T) {
	d := withProctors(t)
	own, another := http.Header{proctorHeader: {"p-1"}}, http.Header{proctorHeader: {"p-2"}}
	for path, want := range map[string]int{
		"/api/v1/exams/msds-5001/status": 200, "/api/v1/exams/msds-5001/status?contacts=true": 403,
		"/api/v1/sessions?exam=msds-5001": 200, "/api/v1/sessions?exam=other": 403,
		"/api/v1/exams/msds-5001?exam=other": 403, "/api/v1/audit?exam=msds-5001": 403,
	} {
		if w := d.as("GET", path, "", own); w.Code != want || strings.Contains(w.Body.String(), d.secret) {
			t.Errorf("%s: %d %s, want %d", path, w.Code, w.Body, want)
		}
	}
	if w := d.as("GET", "/api/v1/exams", "", own); !strings.Contains(w.Body.String(), "msds-5001") {
		t.Errorf("own exams: %s", w.Body)
	}
	for _, path := range []string{"/api/v1/exams", "/api/v1/sessions", "/api/v1/warnings"} {
		if w := d.as("GET", path, "", another); w.Code != 200 || strings.Contains(w.Body.String(), "msds-5001") {
			t.Errorf("%s of a proctor of another exam: %d %s", path, w.Code, w.Body)
		}
	}
}
