//go:build linux

package e2e

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	rosterSize = 1000
	soonHours  = 24 // until an exam for which every check is late
	laterHours = 80 // until one for which checks are in time
)

// candidate is a student on a roster, at a computer with a home directory and a link.
type candidate struct {
	id, ns, home string
	link         int
	down, up     float64 // Mbit/s
}

func (h *testbed) candidate(link int, down, up float64) *candidate {
	h.t.Helper()
	c := &candidate{id: fmt.Sprintf("s-%04d", link+1), ns: h.student, home: h.t.TempDir(), link: link, down: down, up: up}
	if link > 0 {
		c.ns = h.addStudent(link)
	}
	h.shapeLink(link, c.ns, down, up)
	return c
}

// examlink is the student's program, which keeps its files in the student's home.
func (h *testbed) examlink(c *candidate, args ...string) *exec.Cmd {
	p := h.in(c.ns, filepath.Join(bin, "examlink"), args...)
	p.Dir = c.home
	p.Env = append(os.Environ(), "HOME="+c.home, "XDG_CONFIG_HOME=", "XDG_STATE_HOME=", "XDG_DATA_HOME=")
	return p
}

// files are the student's files with an ending.
func (c *candidate) files(ending string) (names []string) {
	_ = filepath.WalkDir(c.home, func(name string, _ os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(name, ending) {
			names = append(names, name)
		}
		return nil
	})
	return names
}

// operator runs a command on the server as an operator, and returns what it printed and its exit code.
func (h *testbed) operator(args ...string) (string, int) {
	h.t.Helper()
	c := h.in(h.far, filepath.Join(bin, "examlink-server"), append(args, "--data-dir", h.data)...)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		h.t.Fatal(err)
	}
	return out.String() + errs.String(), c.ProcessState.ExitCode()
}

// must is operator for a command that succeeds.
func (h *testbed) must(args ...string) string {
	h.t.Helper()
	out, code := h.operator(args...)
	if code != 0 {
		h.t.Fatalf("%s: exit %d: %s", strings.Join(args, " "), code, out)
	}
	return out
}

// newExam makes an exam in Denver with the roster and join tokens, and returns the tokens.
func (h *testbed) newExam(id, roster string, start time.Time) map[string]string {
	h.t.Helper()
	zone, err := time.LoadLocation("America/Denver")
	if err != nil {
		h.t.Fatal(err)
	}
	at := func(t time.Time) string { return t.In(zone).Format("2006-01-02T15:04Z07:00") }
	h.must("exam", "create", id, "--start", at(start), "--end", at(start.Add(2*time.Hour)), "--zone", "America/Denver")
	if out := h.must("exam", "roster", id, roster); !strings.Contains(out, fmt.Sprintf("Would be added (%d)", rosterSize)) {
		h.t.Errorf("%s: %s", id, out)
	}
	h.must("exam", "roster", id, roster, "--yes")
	tokens := map[string]string{}
	for _, r := range rows(h.t, h.must("exam", "tokens", id, "--csv")) {
		tokens[r["id"]] = r["token"]
	}
	if len(tokens) != rosterSize {
		h.t.Fatalf("%s: %d tokens, want %d", id, len(tokens), rosterSize)
	}
	return tokens
}

// rows are those of a CSV, by the names of its columns.
func rows(t *testing.T, text string) (list []map[string]string) {
	t.Helper()
	all, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(all) == 0 {
		t.Fatalf("%v: %.300s", err, text)
	}
	for _, cells := range all[1:] {
		row := map[string]string{}
		for i, name := range all[0] {
			row[name] = cells[i]
		}
		list = append(list, row)
	}
	return list
}

// spreadsheet is a roster as a spreadsheet saves it: with a byte order mark, semicolons and CRLF.
func (h *testbed) spreadsheet() string {
	h.t.Helper()
	text := "\ufeffstudent;contact;group\r\n"
	for i := range rosterSize {
		contact := ""
		if i%3 > 0 {
			contact = fmt.Sprintf("s%d@example.edu", i+1)
		}
		text += fmt.Sprintf("s-%04d;%s;%s\r\n", i+1, contact, []string{"morning", "afternoon"}[i%2])
	}
	name := filepath.Join(h.data, "roster.csv")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
	return name
}

// checked has a student check, again when the machine was too busy for it, and returns what
// the program said.
func (h *testbed) checked(c *candidate, token string) (string, int, error) {
	for again := 0; ; again++ {
		p := h.examlink(c, "check", "-")
		p.Stdin = strings.NewReader(token)
		out, err := p.CombinedOutput()
		if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
			return "", 0, err
		}
		if again == busyAgain || !strings.Contains(string(out), "too busy") {
			return string(out), p.ProcessState.ExitCode(), nil
		}
	}
}

// watching starts a student's watch and returns a function that ends it when the server has
// countersigned a minute, and then returns the record's file.
func (h *testbed) watching(c *candidate, token string) func() string {
	h.t.Helper()
	out := &syncBuffer{}
	p := h.examlink(c, "watch", "--notify", "off", "--metrics-listen", "", "-")
	p.Stdin, p.Stdout, p.Stderr = strings.NewReader(token), out, out
	if err := p.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = p.Process.Kill(); _ = p.Wait() })
	return func() string {
		h.t.Helper()
		var files []string
		for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(time.Second) {
			if files = c.files(".jsonl"); len(files) != 1 {
				continue
			}
			if text, err := os.ReadFile(files[0]); err == nil && bytes.Contains(text, []byte(`"type":"countersignature"`)) {
				_ = p.Process.Signal(syscall.SIGINT)
				_ = p.Wait()
				return files[0]
			}
		}
		h.t.Fatalf("no countersignature in %q: %s", files, out.String())
		return ""
	}
}

// End to end, as docs/operators.md says: exams with a roster of 1,000 from a spreadsheet, join
// tokens, four students with links of their own. The list of students, the metrics and the CSV of
// whom to write to say how each stands; receipts and records verify, and tampering with
// them is caught by its name.
func TestExamFromRosterToReceipts(t *testing.T) {
	need(t, "ip", "tc")
	h := newTestbed(t)
	_ = h.server.Process.Kill()
	_, _ = h.server.Process.Wait()
	if err := os.WriteFile(filepath.Join(h.data, "config.yaml"), []byte("server: {public: [\""+h.serverAddress+"\"]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	h.startServer()
	roster := h.spreadsheet()
	now := time.Now()
	algebra := h.newExam("algebra", roster, now.Add(laterHours*time.Hour))
	geometry := h.newExam("geometry", roster, now.Add(soonHours*time.Hour))
	current := h.newExam("current", roster, now.Add(-5*time.Minute))
	ready, marginal, notReady, late := h.candidate(0, 10, 5), h.candidate(1, 1.2, 0.8), h.candidate(2, 0.5, 0.25), h.candidate(3, 10, 5)
	first, second := h.candidate(4, 10, 5), h.candidate(5, 10, 5)
	record, another := h.watching(first, current[first.id]), h.watching(second, current[second.id])

	var all sync.WaitGroup
	for _, c := range []struct {
		*candidate
		token, verdict, ahead string
		code                  int
	}{
		{ready, algebra[ready.id], "Ready: ", "the rule to test 72 hours before is met", 0},
		{marginal, algebra[marginal.id], "Ready, but only just: ", "the rule to test 72 hours before is met", 0},
		{notReady, algebra[notReady.id], "Not ready: ", "the rule to test 72 hours before is met", 3},
		{late, geometry[late.id], "Ready: ", "counts as late", 0},
	} {
		all.Go(func() {
			out, code, err := h.checked(c.candidate, c.token)
			words := strings.Join(strings.Fields(out), " ")
			if err != nil || code != c.code || !strings.Contains(words, c.verdict) || !strings.Contains(words, c.ahead) || !strings.Contains(words, "MST there") && !strings.Contains(words, "MDT there") {
				t.Errorf("%s, %.2f/%.2f Mbit/s: exit %d, %v, want %d, %q and %q:\n%s", c.id, c.down, c.up, code, err, c.code, c.verdict, c.ahead, out)
			}
		})
	}
	all.Wait()
	h.standing("algebra", map[string]string{ready.id: "ready", marginal.id: "marginal", notReady.id: "not ready"})
	h.standing("geometry", map[string]string{late.id: "late"})
	tampering{
		testbed: h, receipt: ready, other: marginal, token: algebra[ready.id], otherToken: geometry[ready.id],
		record: record(), otherRecord: another(), recordToken: current[first.id],
	}.test(t)
}

// standing checks how the students of an exam stand, in each place that says so. The
// students who are not named have done nothing.
func (h *testbed) standing(exam string, want map[string]string) {
	t := h.t
	t.Helper()
	status := h.must("exam", "status", exam)
	written := rows(t, h.must("exam", "status", exam, "--csv"))
	metrics := h.metrics()
	counts := map[string]int{"not opened": rosterSize - len(want)}
	passed := 0
	for id, state := range want {
		counts[state]++
		if !slices.ContainsFunc(strings.Split(status, "\n"), func(l string) bool { return strings.HasPrefix(l, state+" ") && strings.Contains(l, " "+id+" ") }) {
			t.Errorf("%s: exam status does not have %s as %s:\n%.600s", exam, id, state, status)
		}
		i := slices.IndexFunc(written, func(r map[string]string) bool { return r["id"] == id })
		if passes := state == "ready" || state == "marginal"; passes {
			passed++
			if i >= 0 {
				t.Errorf("%s: to be written to: %v, who is %s", exam, written[i], state)
			}
		} else if i < 0 || written[i]["state"] != state || written[i]["opened"] != "true" || written[i]["last_check"] == "" {
			t.Errorf("%s: %s is %s and not so among those to write to", exam, id, state)
		}
	}
	if n := len(written); n != rosterSize-passed {
		t.Errorf("%s: %d to write to, want %d", exam, n, rosterSize-passed)
	}
	for _, state := range []string{"not opened", "opened", "not ready", "could not tell", "late", "marginal", "ready"} {
		line := fmt.Sprintf("examlink_server_exam_students{exam=%q,state=%q} %d\n", exam, state, counts[state])
		if !strings.Contains(metrics, line) {
			t.Errorf("metrics lack %s", line)
		}
	}
}

// metrics are the server's, once it has counted the students anew.
func (h *testbed) metrics() string {
	h.t.Helper()
	get := func() string {
		r, err := caller(h.far).Get("http://127.0.0.1:9481/metrics")
		if err != nil {
			h.t.Fatal(err)
		}
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		if err != nil {
			h.t.Fatal(err)
		}
		return string(b)
	}
	counted := func(text string) string {
		_, rest, _ := strings.Cut(text, "\nexamlink_server_exam_students_timestamp_seconds ")
		at, _, _ := strings.Cut(rest, "\n")
		return at
	}
	before := counted(get())
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(time.Second) {
		if text := get(); counted(text) != before {
			return text
		}
	}
	h.t.Fatal("the students were not counted anew")
	return ""
}
