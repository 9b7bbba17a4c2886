package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/csv"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"examlink/docs/schemas"
	"examlink/probe/verdict"
	"examlink/server"
	"examlink/server/api"
	"examlink/server/auth"
	"examlink/server/exam"
	"examlink/server/store"
	"examlink/server/store/sql"
)

// desk runs "exam" against a server.
type desk struct {
	t    *testing.T
	dir  string
	url  string
	srv  *server.Server
	keys server.Keys
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, dir: t.TempDir()}
	var err error
	if d.keys, err = server.LoadKeys(d.dir, "", "", time.Now()); err != nil {
		t.Fatal(err)
	}
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	kept, err := sql.Open(t.Context(), sql.Options{File: filepath.Join(d.dir, "examlink.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = kept.Close() })
	issuer := d.keys.Issuer([]string{"exam.example.edu:443"})
	d.srv, err = server.New(server.Options{
		Conn: conn, TLS: &tls.Config{Certificates: []tls.Certificate{d.keys.Certificate}}, TokenKey: d.keys.Tokens[0].Public(),
		Secret: d.keys.Secret, Issuer: &issuer, Policies: verdict.BuiltIn(), Store: kept,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(d.dir, "operator"), []byte("a token for the operator"), 0o600); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	d.srv.API(auth.NewOperatorToken("a token for the operator")).Mount(mux)
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	d.url = s.URL
	return d
}

// command runs any command with the data directory.
func (d *desk) command(args ...string) (code int, stdout, stderr string) {
	d.t.Helper()
	var out, errs bytes.Buffer
	code = run(append(args, "--data-dir", d.dir), &out, &errs)
	return code, out.String(), errs.String()
}

// audit runs "audit".
func (d *desk) audit(args ...string) (code int, stdout, stderr string) {
	d.t.Helper()
	return d.command(append([]string{"audit", "--url", d.url, "--token-file", filepath.Join(d.dir, "operator")}, args...)...)
}

// run runs a subcommand of "exam" and returns its exit code and output.
func (d *desk) run(args ...string) (code int, stdout, stderr string) {
	d.t.Helper()
	var out, errs bytes.Buffer
	args = append([]string{"exam"}, args...)
	args = append(args, "--url", d.url, "--token-file", filepath.Join(d.dir, "operator"), "--data-dir", d.dir)
	code = run(args, &out, &errs)
	return code, out.String(), errs.String()
}

// good runs a subcommand that must succeed.
func (d *desk) good(args ...string) string {
	d.t.Helper()
	code, out, errs := d.run(args...)
	if code != 0 {
		d.t.Fatalf("%q: %d, %s", args, code, errs)
	}
	return out
}

func (d *desk) file(name, text string) string {
	d.t.Helper()
	name = filepath.Join(d.dir, name)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
	return name
}

func wantText(t *testing.T, out string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("%q is not in:\n%s", want, out)
		}
	}
}

// An exam from its creation to its end, as an operator has it.
func TestExamCommands(t *testing.T) {
	d := newDesk(t)
	day := time.Now().Add(30 * 24 * time.Hour).Format(time.DateOnly)
	when := []string{"--start", day + "T09:00", "--end", day + "T11:00", "--zone", "America/Denver"}
	wantText(t, d.good("list"), "^no exams\n$")
	wantText(t, d.good(append([]string{"create", "msds-5001", "--title", "Algebra"}, when...)...), `msds-5001 +`+day+` 09:00 M[SD]T .* America/Denver +default +open +Algebra`)
	wantText(t, d.good("change", "msds-5001", "--policy", "honorlock"), "honorlock")
	roster := d.file("roster.csv", "\xef\xbb\xbfE-Mail;Group;Student ID\r\none@example.edu;A;s-1\r\ntwo@example.edu;B;s-2\r\n;A;s-3\r\n")
	wantText(t, d.good("roster", "msds-5001", roster), `(?m)^Would be added \(3\): s-1, s-2, s-3$`, "Give --yes")
	wantText(t, d.good("status", "msds-5001"), "The roster is empty")
	wantText(t, d.good("roster", "msds-5001", roster, "--yes"), `^Were added \(3\)`)
	wantText(t, d.good("roster", "msds-5001", roster), "stays as it is: 3 students")
	next := d.file("next.csv", "s-1,one@example.edu,A\ns-2,other@example.edu,B\ns-3,,A\ns-4\n")
	wantText(t, d.good("roster", "msds-5001", next), `Would be changed \(1\): s-2 \(contact\)`, `(?m)^Would be added \(1\): s-4$`)
	code, out, errs := d.run("roster", "msds-5001", d.file("bad.csv", "student,contact\ns-1,x@example.edu\ns-1,=y@example.edu\n"), "--yes")
	if code != exitUsage || out != "" || strings.Contains(errs, "@example.edu") {
		t.Errorf("%d %s %s", code, out, errs)
	}
	wantText(t, errs, `line 3, column 1 \(student\): student "s-1" is on line 2 already`, `line 3, column 2 \(contact\): begins with "="`)

	rows, err := csv.NewReader(strings.NewReader(d.good("tokens", "msds-5001", "--csv"))).ReadAll()
	if err != nil || len(rows) != 4 || rows[1][0] != "s-1" || rows[1][1] != "one@example.edu" || rows[1][3] != "https://exam.example.edu/check#"+rows[1][2] {
		t.Fatalf("%q, %v", rows, err)
	}
	if j, err := exam.Verify(d.keys.Tokens[0].Public(), rows[1][2], time.Now()); err != nil || j.Student != "s-1" || j.Policy != "honorlock" {
		t.Errorf("%+v, %v", j, err)
	}
	d.receive("s-1", 10*time.Minute, verdict.Ready)
	rows, err = csv.NewReader(strings.NewReader(d.good("tokens", "msds-5001", "--csv", "--not-ready", "--replace"))).ReadAll()
	if err != nil || len(rows) != 3 || rows[1][0] != "s-2" {
		t.Errorf("%q, %v", rows, err)
	}
	wantText(t, d.good("tokens", "msds-5001", "--revoke-of", "s-2"), "^1 join tokens revoked")
	list := d.good("tokens", "msds-5001")
	if n := strings.Count(list, "revoked"); n != 3 || strings.Contains(list, rows[1][2]) {
		t.Errorf("%d revoked in:\n%s", n, list)
	}
	status := d.good("status", "msds-5001")
	wantText(t, status, `3 students: 2 not tested, 1 ready\.`, `(?m)^not tested +s-2 +B +- +-$`, `(?m)^ready +s-1 +A +ready, `)
	if strings.Contains(status, "@") {
		t.Errorf("a contact in:\n%s", status)
	}
	wantText(t, d.good("status", "msds-5001", "--csv"), `(?m)^s-2,two@example.edu,B,,not tested,false,,$`)
	schemas.Fields[api.ExamStatus](t, api.ExamStatusSchema)
	schemas.Test(t, api.ExamStatusSchema, []byte(d.good("status", "msds-5001", "--json")))
	wantText(t, d.good("erase", "msds-5001", "--student", "s-1", "--yes"), "^s-1: erased from the roster; 1 receipts, 0 records, 0 sessions and 0 notifications erased; 1 join tokens revoked; [0-9]+ entries of the audit log name the student no more")
	wantText(t, d.good("close", "msds-5001"), "closed")
	wantText(t, d.good("list"), "msds-5001 .* closed")
	if code, _, errs := d.run("change", "msds-5001", "--title", "x"); code != exitFailure || !strings.Contains(errs, "is closed") {
		t.Errorf("%d %s", code, errs)
	}
}

// receive puts a receipt of a check into the store.
func (d *desk) receive(student string, ago time.Duration, o verdict.Outcome) {
	d.t.Helper()
	err := d.srv.Store().Receipts().Append(context.Background(), store.Receipt{ID: fmt.Sprint(student, ago), Exam: "msds-5001", Student: student, At: time.Now().Add(-ago), Outcome: o})
	if err != nil {
		d.t.Fatal(err)
	}
}

func TestExamUsage(t *testing.T) {
	d := newDesk(t)
	for want, args := range map[string][]string{
		"no exam, expected its identifier":       {"show"},
		`unexpected argument "more"`:             {"show", "e1", "more"},
		"expected a CSV file":                    {"roster", "e1"},
		"no time of the exam":                    {"create", "e1"},
		"name its zone":                          {"create", "e1", "--start", "2099-11-30T09:00", "--end", "2099-11-30T10:00"},
		"--zone: empty":                          {"create", "e1", "--start", "2099-11-30T09:00Z", "--end", "2099-11-30T10:00Z"},
		`policy: "lax", expected one of default`: {"create", "e1", "--start", "2099-11-30T09:00", "--end", "2099-11-30T10:00", "--zone", "UTC", "--policy", "lax"},
		`id: "e 1", expected`:                    {"create", "e 1", "--start", "2099-11-30T09:00", "--end", "2099-11-30T10:00", "--zone", "UTC"},
		"nothing to change":                      {"change", "e1"},
		"expected --csv with":                    {"tokens", "e1", "--not-ready"},
		"expected without other flags":           {"tokens", "e1", "--csv", "--revoke", "x"},
		"expected one of --csv and --json":       {"status", "e1", "--csv", "--json"},
		"--student: empty":                       {"erase", "e1", "--yes"},
		"expected --yes":                         {"erase", "e1", "--student", "s-1"},
	} {
		code, out, errs := d.run(args...)
		if code != exitUsage || out != "" || !strings.Contains(errs, want) {
			t.Errorf("%q: %d %s%s, want %q", args, code, out, errs, want)
		}
	}
	if code, _, errs := d.run("show", "e1"); code != exitFailure || !strings.Contains(errs, "exam e1: not found") {
		t.Errorf("%d %s", code, errs)
	}
}

func TestStatusFitsTheTerminal(t *testing.T) {
	at := time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)
	s := api.ExamStatus{At: at, Deadline: at.Add(time.Hour), Exam: api.Exam{ID: "e1", Zone: "America/Denver", Start: at.Add(73 * time.Hour)}, Counts: map[exam.State]int{exam.NotReady: 1}}
	last := &api.ReceiptRef{At: at, Outcome: verdict.NotReady}
	s.Students = []api.StudentStatus{{Student: api.Student{Student: "s-ü17", Group: "morning\x1b[2J"}, State: exam.NotReady, Last: last, Best: last}}
	for _, width := range []int{200, 100, 80, 60, 40, 20} {
		var out bytes.Buffer
		printStatus(&out, s, width)
		_, table, _ := strings.Cut(out.String(), "\n\n")
		for line := range strings.Lines(table) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
				t.Errorf("%d characters in %d: %s", n, width, line)
			}
		}
		if !strings.Contains(table, "s-ü17") && width > 20 || strings.Contains(table, "\x1b") || strings.Contains(table, "BEST") != (width >= 100) {
			t.Errorf("in %d:\n%s", width, table)
		}
	}
}

func TestKeysCommands(t *testing.T) {
	dir := t.TempDir()
	keys := func(args ...string) (int, string, string) {
		var out, errs bytes.Buffer
		code := run(append([]string{"keys", args[0], "--data-dir", dir}, args[1:]...), &out, &errs)
		return code, out.String(), errs.String()
	}
	if code, _, errs := keys("rotate"); code != exitFailure || !strings.Contains(errs, "no server has made its keys") {
		t.Errorf("%d %s", code, errs)
	}
	first, err := server.LoadKeys(dir, "", "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	// Without an audit log nothing changes.
	code, _, errs := keys("rotate")
	if again, err := server.ReadTokenKeys(dir); code != exitFailure || !strings.Contains(errs, "there is no audit log yet") || len(again) != 1 || err != nil {
		t.Errorf("%d %s, %d keys, %v", code, errs, len(again), err)
	}
	kept, err := sql.Open(t.Context(), sql.Options{File: filepath.Join(dir, "examlink.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	old := first.Tokens[0].ID
	_, out, _ := keys("rotate")
	next := strings.TrimSpace(out)
	_, list, _ := keys("list")
	wantText(t, list, `(?m)^`+next+` .*signs and verifies`, `(?m)^`+old+` .* verifies `)
	if code, _, errs := keys("remove", "--", next); code != exitFailure || !strings.Contains(errs, "newest") {
		t.Errorf("%d %s", code, errs)
	}
	if code, _, errs := keys("remove", "--", old); code != 0 {
		t.Error(errs)
	}
	if _, list, _ := keys("list"); strings.Contains(list, old) || !strings.Contains(list, next) {
		t.Error(list)
	}
	entries, err := kept.Audit().List(t.Context(), store.AuditFilter{Who: account()}, store.AuditPage{})
	if err != nil || len(entries) != 2 || entries[0].Action != store.KeyRotated || entries[0].Subject != next || entries[1].Action != store.KeyRemoved || entries[1].Subject != old || entries[1].Role != "command" {
		t.Errorf("%+v, %v", entries, err)
	}
}
