//go:build unix

package sql_test

import (
	"testing"

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
