package server_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"examlink/server/api"
	"examlink/server/auth"
	"examlink/server/store"
)

// log returns the audit log, verified, each entry in one line without hashes and times.
func (d *described) log(after int) []string {
	d.t.Helper()
	x := d.srv.Audit()
	ends, err := x.Ends(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	list, err := x.List(d.t.Context(), store.AuditFilter{}, store.AuditPage{Limit: store.MaxPage})
	if err != nil {
		d.t.Fatal(err)
	}
	c, out := store.NewAuditCheck(ends), []string{}
	for _, e := range list {
		c.Add(e)
		out = append(out, strings.Join([]string{e.Role, e.Identity, string(e.Action), e.Exam, e.Student, e.Subject, string(e.Result), e.Reason, e.Detail}, "|"))
	}
	if c.Close(); len(c.Flaws) > 0 {
		d.t.Errorf("%+v", c.Flaws)
	}
	return out[min(after, len(out)):]
}

// Each request that changes something or looks at students leaves who, what, about whom
// and with what result.
func TestRequestsAreAudited(t *testing.T) {
	d := newDescribed(t)
	operator := http.Header{auth.OperatorHeader: {"token"}, auth.AccountHeader: {"alice"}, "If-Match": {`""`}}
	const by = "operator|admin-token:alice|"
	when := examStart.Format(time.RFC3339)
	exam := `{"id":"msds-5001","start":"` + when + `","end":"` + examStart.Add(time.Hour).Format(time.RFC3339) + `","zone":"UTC"}`
	const base = "/api/v1/exams/msds-5001"
	version := ""
	for _, c := range []struct {
		method, path, content string
		status                int
		want                  []string
	}{
		{"POST", "/api/v1/exams", exam, 201, []string{by + "created|msds-5001|||ok||"}},
		{"POST", "/api/v1/exams", exam, 409, []string{by + "created|msds-5001|||refused|conflict|"}},
		{"POST", "/api/v1/exams", `{"id":"s-9's exam"}`, 422, []string{by + "created||||refused|unprocessable entity|"}},
		{"GET", "/api/v1/exams", "", 200, nil},
		{"PATCH", base, `{"title":"Algebra","zone":"America/Denver"}`, 200, []string{by + "changed|msds-5001|||ok||title, zone"}},
		{"POST", base + "/roster/compare", "s-1\ns-2\n", 200, []string{by + "viewed|msds-5001||roster|ok||"}},
		{"PUT", base + "/roster", "s-1\ns-2\n", 200, []string{by + "imported|msds-5001|s-1||ok||2 added, 0 changed, 0 removed", by + "imported|msds-5001|s-2||ok||2 added, 0 changed, 0 removed"}},
		{"PUT", base + "/roster", "s-1\ns-2\n", 200, []string{by + "imported|msds-5001|||ok||0 added, 0 changed, 0 removed"}},
		{"GET", base + "/roster", "", 200, nil}, // as compared, within the hour
		{"GET", base + "/status", "", 200, []string{by + "viewed|msds-5001||status|ok||"}},
		{"GET", base + "/status", "", 200, nil},
		{"GET", base + "/status?contacts=true", "", 200, []string{by + "exported|msds-5001||status|ok||with contacts"}},
		{"GET", base + "/status?contacts=true", "", 200, []string{by + "exported|msds-5001||status|ok||with contacts"}},
		{"POST", base + "/tokens", `{"students":["s-1"],"contacts":true}`, 200, []string{by + "issued|msds-5001|s-1||ok||with contacts; join tokens: 1 issued, 0 replaced"}},
		{"POST", base + "/tokens", `{"students":["s-9"]}`, 422, []string{by + "issued|msds-5001|||refused|unprocessable entity|"}},
		{"GET", base + "/tokens", "", 200, []string{by + "viewed|msds-5001||tokens|ok||"}},
		{"POST", base + "/tokens/revoke", `{"students":["s-1","s-2"]}`, 200, []string{by + "revoked|msds-5001|s-1||ok||join tokens: 1 revoked"}},
		{"POST", base + "/tokens/revoke", `{"students":["s-1"]}`, 200, []string{by + "revoked|msds-5001|||ok||join tokens: 0 revoked"}},
		{"POST", base + "/proctors", `{"count":2}`, 200, []string{by + "issued|msds-5001|||ok||proctors' links: 2 issued, valid for 12h0m0s"}},
		{"GET", base + "/students/s-1", "", 200, []string{by + "exported|msds-5001|s-1|student|ok||"}},
		{"GET", base + "/students/s-9", "", 404, nil},
		{"GET", "/api/v1/sessions", "", 200, []string{by + "viewed|||sessions|ok||"}},
		{"GET", "/api/v1/sessions?exam=msds-5001", "", 200, []string{by + "viewed|msds-5001||sessions|ok||"}},
		{"GET", "/api/v1/warnings", "", 200, []string{by + "viewed|||warnings|ok||"}},
		{"GET", "/api/v1/undelivered", "", 200, []string{by + "viewed|||undelivered|ok||"}},
		{"GET", api.AuditPath, "", 200, []string{by + "viewed|||audit log|ok||"}},
		{"GET", api.DescriptionPath, "", 200, nil},
		{"DELETE", "/api/v1/exams/other/students/s-2", "", 404, []string{by + "erased|other|||refused|not found|"}},
		{"DELETE", base + "/students/s-1", "", 200, []string{by + "erased|msds-5001|||ok||"}},
		{"POST", base + "/close", "", 200, []string{by + "closed|msds-5001|||ok||"}},
	} {
		before := len(d.log(0))
		if version != "" {
			operator.Set("If-Match", version)
		}
		w := d.as(c.method, c.path, c.content, operator)
		if tag := w.Header().Get("ETag"); tag != "" {
			version = tag
		}
		if got := d.log(before); w.Code != c.status || strings.Join(got, "\n") != strings.Join(c.want, "\n") {
			t.Errorf("%s %s: %d %s\n%q, want\n%q", c.method, c.path, w.Code, w.Body, got, c.want)
		}
	}
	for _, line := range d.log(0) {
		if strings.Contains(line, "s-1") || strings.Contains(line, "s-9") {
			t.Errorf("an erased student, or one who was never there, in %s", line)
		}
	}
}

// What is refused for who asks is written once in an hour; of nobody, whatever they ask
// about.
func TestRefusalsAreAudited(t *testing.T) {
	d := withProctors(t)
	before := len(d.log(0))
	for range 3 {
		for _, id := range []string{"msds-5001", "other", "made-up"} {
			d.as("DELETE", "/api/v1/exams/"+id+"/students/s-1", "", http.Header{})
		}
		d.as("GET", "/api/v1/exams/msds-5001/roster", "", http.Header{proctorHeader: {"p-2"}})
		d.as("GET", "/api/v1/exams/msds-5001/status?contacts=true", "", http.Header{proctorHeader: {"p-1"}})
	}
	want := []string{
		"nobody||erased||||refused|unauthorized|", "proctor|p-2|viewed|msds-5001||roster|refused|forbidden|",
		"proctor|p-1|exported|msds-5001||status|refused|forbidden|with contacts",
	}
	if got := d.log(before); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%q, want %q", got, want)
	}
}

// A look is written again after an hour.
func TestViewsAreAuditedEachHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := withProctors(t)
		before := len(d.log(0))
		for range 150 { // two hours and a half, as a list that refreshes
			d.as("GET", api.SessionsPath, "", http.Header{proctorHeader: {"p-1"}})
			time.Sleep(time.Minute)
		}
		if got := d.log(before); len(got) != 3 {
			t.Errorf("%q, want one for each hour that began", got)
		}
	})
}

// unwritable is an operator whose identity the audit log does not take.
type unwritable struct{}

func (unwritable) Authenticate(*http.Request) (auth.Principal, error) {
	return auth.Principal{Role: auth.Operator, Identity: "a\nb"}, nil
}

// A change or an export that cannot be written down is refused. A look is not, because
// proctors must see their students.
func TestNothingChangesWithoutAnEntry(t *testing.T) {
	d := withProctors(t)
	mux := http.NewServeMux()
	d.srv.API(unwritable{}).Mount(mux)
	d.handler = mux
	before := len(d.log(0))
	for _, c := range []struct {
		method, path, content string
		refused               bool
	}{
		{"PATCH", "/api/v1/exams/msds-5001", `{"title":"x"}`, true}, {"POST", "/api/v1/exams/msds-5001/close", "", true},
		{"POST", "/api/v1/exams/msds-5001/tokens", "{}", true}, {"DELETE", "/api/v1/exams/msds-5001/students/s-1", "", true},
		{"GET", "/api/v1/exams/msds-5001/students/s-1", "", true}, {"GET", "/api/v1/exams/msds-5001/status?contacts=true", "", true},
		{"GET", "/api/v1/exams/msds-5001/roster", "", false}, {"GET", api.SessionsPath, "", false},
	} {
		if w := d.as(c.method, c.path, c.content, nil); (w.Code >= 400) != c.refused || c.refused && strings.Contains(w.Body.String(), d.secret) {
			t.Errorf("%s %s: %d %s", c.method, c.path, w.Code, w.Body)
		}
	}
	e, err := d.srv.Exams().Get(t.Context(), "msds-5001")
	roster, _, err2 := d.srv.Exams().Roster(t.Context(), "msds-5001")
	tokens, err3 := d.srv.Exams().Tokens(t.Context(), "msds-5001")
	if err != nil || err2 != nil || err3 != nil || e.Title != "Algebra" || e.Closed || len(roster) != 1 || len(tokens) != 0 || len(d.log(before)) != 0 {
		t.Errorf("%+v %+v %+v %q, want that nothing changed", e, roster, tokens, d.log(before))
	}
}
