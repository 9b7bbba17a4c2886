package server_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"examlink/probe/verdict"
	"examlink/server/api"
	"examlink/server/auth"
	"examlink/server/store"
)

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
	links, _, err := c.ProctorLinks(ctx, "msds-5001", api.ProctorLinksRequest{Count: 2, Valid: 3600})
	if err != nil || len(links.Links) != 2 || links.Links[0].Link == links.Links[1].Link || !strings.HasPrefix(links.Links[0].Link, "https://exam.example.edu:8443/board#") {
		t.Errorf("%+v, %v", links, err)
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
	about, _, err := c.Student(ctx, "msds-5001", "s-1")
	fail(err)
	if about.Roster.Contact != d.secret || len(about.Tokens) != 1 || len(about.Receipts) != 1 || len(about.Audit) != 2 {
		t.Errorf("%+v", about)
	}
	erased, err := c.EraseStudent(ctx, "msds-5001", "s-1")
	fail(err)
	if log, err := c.Audit(ctx, store.AuditFilter{Exam: "msds-5001"}); err != nil || len(log.Entries) < 8 {
		t.Errorf("%+v, %v", log, err)
	}
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
	for _, path := range []string{api.SessionsPath, api.WarningsPath, api.UndeliveredPath, api.DrainPath, api.MePath, api.BoardPath, "/api/v1/exams/msds-5001/board", api.DescriptionPath, api.DescriptionYAMLPath} {
		if status, p := d.raw("GET", path, ""); status != 200 {
			t.Errorf("%s: %+v", path, p)
		}
	}
	d.covered()
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
		"no such exam":     {"GET", base + "/other", "", nil, 404, "exam other: not found"},
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
		"too many links":   {"POST", base + "/msds-5001/proctors", `{"count":101}`, jsonType, 422, "expected 1 to 100"},
		"a link for days":  {"POST", base + "/msds-5001/proctors", `{"valid_seconds":1e300}`, jsonType, 422, "at most 24h"},
		"a link for never": {"POST", base + "/msds-5001/proctors", `{"valid_seconds":-1}`, jsonType, 422, "at most 24h"},
		"nothing":          {"POST", base + "/msds-5001/tokens/revoke", `{}`, jsonType, 422, "expected tokens or students"},
		"nobody":           {"GET", base + "/msds-5001/students/s-9", "", nil, 404, "student \"s-9\" of exam msds-5001: not found"},
		"a time since":     {"GET", api.AuditPath + "?since=yesterday", "", nil, 422, "since: \"yesterday\", expected a time such as"},
		"no exam":          {"GET", api.AuditPath + "?student=s-1", "", nil, 422, "student: expected together with exam"},
		"no number":        {"GET", api.AuditPath + "?after=x", "", nil, 422, "after: \"x\", expected the number"},
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
