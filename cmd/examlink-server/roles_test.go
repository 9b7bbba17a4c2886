package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spf13/cobra"

	"examlink/cmd/internal/config"
	"examlink/server/api"
	"examlink/server/auth"
	"examlink/server/store"
)

const rolesFile = "../../docs/roles.md"

// listenerRow says who may use what is no part of the API.
type listenerRow struct{ who, what string }

// onAdmin are the other patterns of the admin listener.
var onAdmin = map[string]listenerRow{
	"GET /-/healthy":    {"everybody who reaches the listener", "whether the program runs"},
	"GET /-/ready":      {"everybody who reaches the listener", "whether students are admitted"},
	"GET /metrics":      {"everybody the web configuration admits", "figures without students and addresses"},
	"GET /debug/pprof/": {"everybody the web configuration admits, while `server.admin_pprof` is on", "profiles of the program"},
	"GET /{$}":          {"everybody the web configuration admits", "a page of links"},
	"POST /-/reload":    {"everybody the web configuration admits", "reads the configuration again; changes no data"},
}

// onStudents are the patterns of the students' listener.
var onStudents = map[string]listenerRow{
	"GET /":                                  {"everybody", "a line of text"},
	"GET /check":                             {"everybody", "the check page, the same for everybody; the token in its link stays in the browser"},
	"GET /check/":                            {"everybody", "the files of the check page"},
	"GET /watch/":                            {"everybody", "the page of a watch and its files, the same for everybody; the token in its link stays in the browser"},
	"GET /api/v1/exams":                      {"proctors of the exam and operators, signed in on the board", "as on the admin listener"},
	"GET /api/v1/me":                         {"proctors and operators, signed in on the board", "as on the admin listener"},
	"GET /api/v1/exams/{exam}/board":         {"proctors of the exam and operators, signed in on the board", "as on the admin listener"},
	"GET /api/v1/exams/{exam}/board/changes": {"proctors of the exam and operators, signed in on the board", "as on the admin listener"},
	"GET /board":                             {"everybody", "the page of the proctors' board, without any student"},
	"GET /board/":                            {"everybody", "the files of the page"},
	"GET /board/signin":                      {"everybody", "sends the browser to the university's sign-in, if one is configured"},
	"GET /board/signin/callback":             {"the browser that was sent there", "signs in who comes back; audit log: signed-in"},
	"GET /board/signin/state":                {"everybody", "whether the browser is signed in, and how it can be"},
	"POST /board/signin/link":                {"whoever has a proctor's link, once; from the board's own pages only", "signs in a proctor of one exam; audit log: signed-in"},
	"POST /board/signout":                    {"everybody; from the board's own pages only", "ends all sign-ins of the person; audit log: signed-out"},
	"GET /examlink/2":                        {"a student, by the join token in the first message", "a session of the token's exam and student, as over QUIC"},
}

const rolesHead = `# Roles

Who may do what, and what of it is written into the [audit log](privacy.md#audit-log). This page is made
from the code by ` + "`make roles`" + `; a test fails if an operation or a command is missing.

- **Nobody**: a caller without valid credentials. A student's join token is none for this
  interface.
- **Student**: has a join token, which opens sessions of one exam and one pseudonym.
- **Proctor**: watches over some exams, on the board. A proctor's link says of which one, or the
  university's sign-in does: see [signing in](operators.md#the-proctors-board). Whoever embeds the server
  can admit proctors to the admin listener, too, by an ` + "`auth.Authenticator`" + `; examlink-server admits
  operators only there.
- **Operator**: has the admin token, and sees everything.
- **Command line**: has the files of the data directory. The audit log names the account that
  ran a command; for a command that asks the server, it names the account beside the admin
  token. Nothing proves the account: whoever has the token or the files can claim another.

An operation that changes something is refused if its entry cannot be written, and so is an
export. A look (*viewed*) is written once an hour for the same principal, exam and view, and
is not refused. What is refused to somebody (401, 403) is written once an hour, too.
`

const rolesStudents = `
## Students' listener

Over UDP it speaks [the protocol](../probe/wire/PROTOCOL.md) only: a join token admits its holder
to sessions of its own exam and student. A session is resumed with a ticket that is bound to
session and token: another student's token does not open it. There is no operation that shows
a student anything of another one, or of a proctor. Over TCP there are:

| operation | who | what |
|---|---|---|
`

const rolesCommands = `
## Commands

Commands that ask the server need the admin token; the others need the files of the data
directory, which its owner alone can read. A command without the server that fails before it
changed anything leaves no entry.

| command | how | audit log |
|---|---|---|
`

// commandRow says what a command does: by operations of the API, or without the server.
type commandRow struct {
	api  []string // patterns of operations
	does store.Action
	note string // of a command that writes no entry
}

// commands are all commands that do something.
var commands = map[string]commandRow{
	"serve": {note: "starts the server"}, "demo": {note: "has a server, data and students of its own"},
	"config": {note: "shows the configuration"}, "version": {note: "shows the version"}, "sessions": {api: []string{"GET /api/v1/sessions", "GET /api/v1/board", "GET /api/v1/undelivered"}},
	"token": {does: store.Issued}, "keys list": {note: "shows the names of keys"}, "keys rotate": {does: store.KeyRotated},
	"keys remove": {does: store.KeyRemoved}, "keys public": {note: "shows public keys"}, "backup": {does: store.BackedUp}, "restore": {does: store.Restored},
	"audit": {api: []string{"GET /api/v1/audit"}},
	"drain": {api: []string{"GET /api/v1/drain", "PUT /api/v1/drain"}}, "records verify": {api: []string{"GET /api/v1/exams/{exam}/records"}},
	"exam create": {api: []string{"POST /api/v1/exams"}}, "exam change": {api: []string{"PATCH /api/v1/exams/{exam}"}},
	"exam list": {api: []string{"GET /api/v1/exams"}}, "exam show": {api: []string{"GET /api/v1/exams/{exam}"}}, "exam close": {api: []string{"POST /api/v1/exams/{exam}/close"}},
	"exam roster":   {api: []string{"POST /api/v1/exams/{exam}/roster/compare", "PUT /api/v1/exams/{exam}/roster"}},
	"exam tokens":   {api: []string{"GET /api/v1/exams/{exam}/tokens", "POST /api/v1/exams/{exam}/tokens", "POST /api/v1/exams/{exam}/tokens/revoke"}},
	"exam proctors": {api: []string{"POST /api/v1/exams/{exam}/proctors"}},
	"exam status":   {api: []string{"GET /api/v1/exams/{exam}/status"}},
	"exam export":   {api: []string{"GET /api/v1/exams/{exam}/students/{student}"}}, "exam erase": {api: []string{"DELETE /api/v1/exams/{exam}/students/{student}"}},
}

// patterns lists what a server handles that was started with a configuration of its own.
func patterns(t *testing.T) (admin, students []string) {
	t.Helper()
	f := config.Default()
	f.Server.DataDir, f.Server.Listen, f.Server.AdminListen = t.TempDir(), "127.0.0.1:0", "127.0.0.1:0"
	run, err := open(t.Context(), func() (config.File, config.Source, error) { return f, config.Source{}, nil }, new(lines))
	if err != nil {
		t.Fatal(err)
	}
	a, err := run.admin()
	if err != nil {
		t.Fatal(err)
	}
	run.mount(a, http.NotFoundHandler(), "token")
	students = run.srv.Patterns()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := a.Run(over); err != nil { // it closes the listener
		t.Error(err)
	}
	if err := run.close(); err != nil {
		t.Error(err)
	}
	return a.Patterns(), students
}

// leaves lists the commands that do something.
func leaves(c *cobra.Command, above string) (names []string) {
	name := strings.TrimSpace(above + " " + c.Name())
	if !c.HasParent() {
		name = ""
	}
	for _, sub := range c.Commands() {
		if sub.Name() != "help" && sub.Name() != "completion" {
			names = append(names, leaves(sub, name)...)
		}
	}
	if !c.HasSubCommands() {
		names = append(names, name)
	}
	return names
}

// same requires that what is there has a row each, and each row is there.
func same[T any](t *testing.T, what string, got []string, rows map[string]T) {
	t.Helper()
	for _, name := range got {
		if _, ok := rows[name]; !ok {
			t.Errorf("%s %q has no row in the table of roles", what, name)
		}
	}
	for name := range rows {
		if !slices.Contains(got, name) {
			t.Errorf("the table of roles has %s %q, which is not there", what, name)
		}
	}
}

// docs/roles.md has every operation of both listeners and every command. That the API
// admits whom its routes name is tested in package server.
func TestRolesDocument(t *testing.T) {
	admin, students := patterns(t)
	rows := maps.Clone(onAdmin)
	routes := map[string]api.Route{}
	for _, rt := range api.Routes() {
		rows[rt.Method+" "+rt.Path], routes[rt.Method+" "+rt.Path] = listenerRow{}, rt
	}
	same(t, "operation of the admin listener", admin, rows)
	same(t, "operation of the students' listener", students, onStudents)
	same(t, "command", leaves(newRoot(), ""), commands)

	var b bytes.Buffer
	b.WriteString(rolesHead)
	b.WriteString("\n## HTTP interface of the admin listener\n\n| operation | nobody, or a student's join token | proctor of the exam | proctor of another exam | operator | audit log |\n|---|---|---|---|---|---|\n")
	for _, rt := range api.Routes() {
		own, other := "403", "403"
		if slices.Contains(rt.Roles, auth.Proctor) {
			if own = "yes"; !strings.Contains(rt.Path, "{exam}") {
				own, other = "yes, own exams", "yes, own exams"
			}
			if strings.HasPrefix(rt.Path, "/api/v1/openapi") || rt.Path == api.MePath {
				own, other = "yes", "yes"
			}
			if rt.Views == "status" {
				own = "yes, without contacts"
			}
		}
		fmt.Fprintf(&b, "| `%s %s` | 401 | %s | %s | yes | %s |\n", rt.Method, rt.Path, own, other, inLog(rt))
	}
	b.WriteString("\n## The rest of the admin listener\n\n| operation | who | what |\n|---|---|---|\n")
	writeRows(&b, onAdmin)
	b.WriteString(rolesStudents)
	writeRows(&b, onStudents)
	b.WriteString(rolesCommands)
	for _, name := range slices.Sorted(maps.Keys(commands)) {
		c := commands[name]
		how, entry := "without the server", "no entry: "+c.note
		switch {
		case len(c.api) > 0:
			how, entry = "`"+strings.Join(c.api, "`, `")+"`", "as the operation"
			for _, p := range c.api {
				if _, ok := routes[p]; !ok {
					t.Errorf("%s uses %q, which is no operation", name, p)
				}
			}
		case c.does != "":
			entry = string(c.does)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", name, how, entry)
	}
	if *update {
		if err := os.WriteFile(rolesFile, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if written, err := os.ReadFile(rolesFile); err != nil || !bytes.Equal(written, b.Bytes()) {
		t.Errorf("docs/roles.md is not what the code says (`make roles` rewrites it): %v", err)
	}
}

// inLog says what an operation leaves in the audit log.
func inLog(rt api.Route) string {
	switch {
	case rt.Does == "":
		return "no entry: nothing about students"
	case rt.Views == "status":
		return "viewed: status; with contacts exported, each time"
	case rt.Does == store.Viewed:
		return "viewed: " + rt.Views
	case rt.Does == store.Exported:
		return "exported, each time"
	}
	return string(rt.Does)
}

func writeRows(b *bytes.Buffer, rows map[string]listenerRow) {
	for _, p := range slices.Sorted(maps.Keys(rows)) {
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", p, rows[p].who, rows[p].what)
	}
}

// proctorOf authenticates everybody as a proctor of one exam.
type proctorOf string

func (p proctorOf) Authenticate(*http.Request) (auth.Principal, error) {
	return auth.Principal{Role: auth.Proctor, Identity: "p-1", Exams: []string{string(p)}}, nil
}

// A proctor sees the sessions, warnings and incidents of the exam, and none of another.
func TestProctorsSeeTheirSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newTestbed(t, "s1", "s2", "s3", "s4", "s5")
		time.Sleep(time.Minute)
		h.cut(true, "s1")
		time.Sleep(15 * time.Second)
		see := func(exam string) (api.SessionsPage, api.WarningsPage) {
			mux := http.NewServeMux()
			h.srv.API(proctorOf(exam)).Mount(mux)
			q, err := api.NewClient("http://127.0.0.1", "", nil)
			if err != nil {
				t.Fatal(err)
			}
			q = q.WithTransport(handlerTransport{mux})
			s, _, err1 := q.Sessions(t.Context(), "")
			w, _, err2 := q.Warnings(t.Context())
			if err1 != nil || err2 != nil {
				t.Fatal(err1, err2)
			}
			return s, w
		}
		if s, w := see("e1"); len(s.Sessions) != 5 || len(s.Sessions[0].Warnings) == 0 || len(w.Warnings) == 0 {
			t.Errorf("of the exam: %+v\n%+v", s, w)
		}
		if s, w := see("e2"); len(s.Sessions)+len(s.Incidents)+len(w.Warnings) != 0 {
			t.Errorf("of another exam: %+v\n%+v", s, w)
		}
		h.cut(false, "s1")
		time.Sleep(time.Minute)
	})
}
