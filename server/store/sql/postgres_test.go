//go:build unix

package sql_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"examlink/probe/verdict"
	"examlink/server/store"
	"examlink/server/store/sql"
	"examlink/server/store/storetest"
)

func openURL(t testing.TB, url string) *sql.Store {
	t.Helper()
	s, err := sql.Open(t.Context(), sql.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestPostgreSQL(t *testing.T) {
	p := storetest.StartPostgres(t, "fsync=off")
	urls := map[store.Store]string{}
	at := func(t *testing.T, url string) store.Store {
		s := openURL(t, url)
		urls[s] = url
		return s
	}
	storetest.Test(t, func(t *testing.T) store.Store { return at(t, p.Database()) }, func(t *testing.T, s store.Store, killed bool) store.Store {
		if !killed {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		}
		return at(t, urls[s])
	})
}

// Two processes that change the same rows at the same time do not block each
// other, and lose nothing.
func TestTwoStores(t *testing.T) {
	p := storetest.StartPostgres(t, "fsync=off")
	url := p.Database()
	stores := []*sql.Store{openURL(t, url), openURL(t, url)}
	exam := store.Exam{ID: "e1", Start: time.Unix(1, 0), End: time.Unix(2, 0), Zone: "UTC", Policy: "default"}
	must(t, stores[0].Exams().Create(t.Context(), exam))
	const writers, rounds = 8, 20
	var all sync.WaitGroup
	var mu sync.Mutex
	taken := map[uint64]int{}
	for w := range writers {
		all.Go(func() {
			s, r := stores[w%2], rand.New(rand.NewPCG(1, uint64(w)))
			for i := range rounds {
				var students []store.Student
				var ids []string
				for _, n := range r.Perm(100)[:50] {
					ids = append(ids, fmt.Sprint("s", n))
					students = append(students, store.Student{ID: fmt.Sprint("s", n), Site: fmt.Sprint(w)})
				}
				err := errors.Join(
					s.Roster().Put(t.Context(), "e1", students),
					s.Roster().Remove(t.Context(), "e1", ids[:10]...),
					s.Receipts().Append(t.Context(), store.Receipt{ID: fmt.Sprint(w, "-", i), Exam: "e1", Student: "s1", At: time.Unix(1, 0), Outcome: verdict.Ready}),
				)
				// Everybody tries to be the one who appends this line.
				line := uint64(i + 1)
				taking := s.Records().Append(t.Context(), store.RecordHead{Session: "l", Exam: "e1", Student: "s1", Line: line, Hash: store.Hash{byte(w)}, At: time.Unix(1, 0)})
				if taking != nil && !errors.Is(taking, store.ErrConflict) || err != nil {
					t.Errorf("writer %d: %v, %v", w, err, taking)
				}
				if taking == nil {
					mu.Lock()
					taken[line]++
					mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	list, err := stores[0].Receipts().List(t.Context(), "e1", store.Page{Limit: store.MaxPage})
	if err != nil || len(list) != writers*rounds {
		t.Errorf("%d receipts, %v", len(list), err)
	}
	for line, n := range taken {
		if n != 1 {
			t.Errorf("line %d was taken %d times", line, n)
		}
	}
	if h, err := stores[1].Records().Head(t.Context(), "l"); err != nil || h.Line != rounds {
		t.Errorf("%+v, %v", h, err)
	}
}

// Servers on one database append to one chain.
func TestTwoStoresAudit(t *testing.T) {
	p := storetest.StartPostgres(t, "fsync=off")
	url := p.Database()
	storetest.ConcurrentAudit(t, openURL(t, url), openURL(t, url))
	if err := sql.AppendAudit(t.Context(), sql.Options{URL: url}, viewed("s1")); err != nil {
		t.Error(err)
	}
	if err := sql.AppendAudit(t.Context(), sql.Options{URL: p.Database()}, viewed("s1")); !errors.Is(err, sql.ErrNoAudit) {
		t.Errorf("a database without tables: %v", err)
	}
}

// Connections that the server has ended are replaced.
func TestConnectionsAreLost(t *testing.T) {
	p := storetest.StartPostgres(t, "fsync=off")
	url := p.Database()
	s := openURL(t, url)
	receipt := store.Receipt{ID: "r", Exam: "e1", Student: "s1", At: time.Unix(1, 0), Outcome: verdict.Ready}
	for i := range 3 {
		receipt.ID = fmt.Sprint("r", i)
		must(t, s.Receipts().Append(t.Context(), receipt))
		p.Run("psql", "-q", "-d", url, "-c", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'examlink-server'")
		if list, err := s.Receipts().List(t.Context(), "e1", store.Page{}); err != nil || len(list) != i+1 {
			t.Errorf("%d receipts, %v", len(list), err)
		}
	}
}

// A database that would not keep every text is refused, and the password is in no
// error.
func TestPostgreSQLRefuses(t *testing.T) {
	p := storetest.StartPostgres(t, "fsync=off")
	url := p.Database()
	p.Run("createdb", "-h", p.Dir(), "-U", "examlink", "-T", "template0", "-E", "SQL_ASCII", "--locale=C", "ascii")
	for what, bad := range map[string]string{
		"ASCII": strings.Replace(url, "/test1", "/ascii", 1), "no database": strings.Replace(url, "/test1", "/none", 1),
		"no server": "postgres://examlink:hidden@127.0.0.1:1/x", "no URL": "postgres://examlink:hidden@[/x",
	} {
		s, err := sql.Open(t.Context(), sql.Options{URL: bad})
		if err == nil {
			t.Errorf("%s: opened, %v", what, s.Close())
			continue
		}
		if strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: the password is in %v", what, err)
		}
	}
}
