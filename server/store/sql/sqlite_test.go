package sql_test

import (
	"os"
	"path/filepath"
	"testing"

	"examlink/server/store"
	"examlink/server/store/sql"
	"examlink/server/store/storetest"
)

func openFile(t testing.TB, file string) *sql.Store {
	t.Helper()
	s, err := sql.Open(t.Context(), sql.Options{File: file})
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

func TestSQLite(t *testing.T) {
	files := map[store.Store]string{}
	at := func(t *testing.T, dir string) store.Store {
		file := filepath.Join(dir, "examlink.db")
		s := openFile(t, file)
		files[s] = file
		return s
	}
	storetest.Test(t, func(t *testing.T) store.Store { return at(t, t.TempDir()) }, func(t *testing.T, s store.Store, killed bool) store.Store {
		dir := filepath.Dir(files[s])
		if killed {
			copied := t.TempDir()
			if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			return at(t, copied)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		return at(t, dir)
	})
}
