//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"examlink/server"
	"examlink/server/api"
	"examlink/server/auth"
	"examlink/server/store/storetest"
)

// several is servers, each a process, that share a PostgreSQL database, and a student of
// each.
type several struct {
	t        *testing.T
	servers  []*process // nil: killed
	clients  []*api.Client
	students []*outsideStudent
	proctors *proctor
}

// newSeveral starts servers with the same keys, and a watch that prefers each.
func newSeveral(t *testing.T, url string, n int) *several {
	t.Helper()
	s := &several{t: t}
	var configuration string
	s.proctors, configuration = startProctor(t)
	configuration += "store:\n  url: " + url + "\n"
	first := t.TempDir()
	keys, err := server.LoadKeys(first, "", "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	var addresses []string
	for i := range n {
		data := filepath.Join(t.TempDir(), "data")
		if err := os.CopyFS(data, os.DirFS(first)); err != nil {
			t.Fatal(err)
		}
		t.Setenv("EXAMLINK_SERVER_NAME", fmt.Sprint("server-", i))
		p := startProcess(t, data, configuration, "")
		token, err := auth.ReadOperatorToken(data, false)
		if err != nil {
			t.Fatal(err)
		}
		c, err := api.NewClient("http://"+p.admin, token, nil)
		if err != nil {
			t.Fatal(err)
		}
		s.servers, s.clients, addresses = append(s.servers, p), append(s.clients, c), append(addresses, p.address)
	}
	for i := range n {
		order := slices.Concat(addresses[i:], addresses[:i])
		x := newStudent(t, order[0], keys, fmt.Sprint("s", i), order[1:]...)
		x.watch(t)
		s.students = append(s.students, x)
	}
	return s
}

// sessions returns the live sessions that a server knows, by student: the server that has
// one, and the session's identifier.
func (s *several) sessions(server int) map[string][2]string {
	s.t.Helper()
	page, _, err := s.clients[server].Sessions(s.t.Context(), "")
	if err != nil {
		s.t.Fatal(err)
	}
	out := map[string][2]string{}
	for _, x := range page.Sessions {
		if x.State != "live" {
			continue
		}
		if x.Server == "" {
			x.Server = fmt.Sprint("server-", server)
		}
		out[x.Student] = [2]string{x.Server, x.Session}
	}
	return out
}

// agree waits until all servers know the same live sessions, and these hold.
func (s *several) agree(what string, holds func(map[string][2]string) bool) {
	s.t.Helper()
	for i, p := range s.servers {
		if p != nil {
			p.eventually(fmt.Sprintf("%s, as server-%d knows", what, i), func() bool { return holds(s.sessions(i)) })
		}
	}
}

// roles waits until one server leads and the others follow, or all are alone.
func (s *several) roles(role string, want int) {
	s.t.Helper()
	count := func() (n int) {
		for _, p := range s.servers {
			if p != nil && p.metric(`examlink_server_cluster_role{role="`+role+`"} 1`) {
				n++
			}
		}
		return n
	}
	for _, p := range s.servers {
		if p != nil {
			p.eventually(fmt.Sprintf("%d servers are in the role %s", want, role), func() bool { return count() == want })
			return
		}
	}
}

// nothingAbout fails the test if the proctors have heard anything about students.
func (s *several) nothingAbout(when string, students ...string) {
	s.t.Helper()
	for _, x := range students {
		if got := s.proctors.kinds(x, time.Time{}); len(got) > 0 {
			s.t.Errorf("%s: alerts about %s: %q", when, x, got)
		}
	}
}

// Three servers on one PostgreSQL database: one is drained, one is killed, and the
// database is away. Sessions go on elsewhere, what is said about a student is said once,
// and nothing is said about the others.
func TestSeveralServers(t *testing.T) {
	if testing.Short() {
		t.Skip("servers that are killed, and a database that is away, take a minute")
	}
	db := storetest.StartPostgres(t)
	s := newSeveral(t, db.Database(), 3)
	at := func(where ...string) func(map[string][2]string) bool {
		return func(got map[string][2]string) bool {
			for i, w := range where {
				if got[fmt.Sprint("s", i)][0] != w {
					return false
				}
			}
			return len(got) == len(where)
		}
	}
	s.agree("each student is with the server preferred", at("server-0", "server-1", "server-2"))
	s.roles("leads", 1)
	s.roles("follows", 2)

	if d, _, err := s.clients[1].Drain(t.Context(), true); err != nil || !d.Draining {
		t.Fatalf("%+v %v", d, err)
	}
	s.agree("the student of the drained server is elsewhere", func(got map[string][2]string) bool {
		return len(got) == 3 && got["s1"][0] != "server-1"
	})
	s.nothingAbout("drained", "s0", "s1", "s2")
	if _, _, err := s.clients[1].Drain(t.Context(), false); err != nil {
		t.Fatal(err)
	}

	before := s.sessions(2)["s0"][1]
	began := time.Now()
	s.servers[0].kill()
	s.servers[0] = nil
	s.agree("the student of the killed server is elsewhere, in the same session", func(got map[string][2]string) bool {
		return len(got) == 3 && got["s0"][0] != "server-0" && got["s0"][1] == before
	})
	t.Logf("the session of the killed server was live elsewhere after %v", time.Since(began).Round(100*time.Millisecond))
	s.roles("leads", 1)
	s.nothingAbout("after a server was killed", "s0", "s1", "s2")

	db.Stop()
	s.roles("alone", 2)
	s.students[2].cut.Store(true)
	s.servers[2].eventually("the proctor hears of who is lost while the database is away", func() bool {
		return s.proctors.hears("s2", "suspect") && s.proctors.hears("s2", "dropped")
	})
	time.Sleep(*absence)
	db.Start()
	s.roles("leads", 1)
	s.roles("follows", 1)
	s.students[2].cut.Store(false)
	s.servers[2].eventually("the proctor hears of who is back", func() bool { return s.proctors.hears("s2", "recovered") })
	s.agree("all are live", func(got map[string][2]string) bool { return len(got) == 3 })
	s.nothingAbout("after the database was away", "s0", "s1")
	for _, kind := range []string{"suspect", "dropped", "recovered"} {
		n := 0
		for _, k := range s.proctors.kinds("s2", time.Time{}) {
			if k == kind {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d alerts %q about s2, expected one; all: %q", n, kind, s.proctors.kinds("s2", time.Time{}))
		}
	}
}
