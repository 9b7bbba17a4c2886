package sql_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"examlink/probe/lockfile"
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

// One process has the database, and nobody but its owner can read the files.
func TestSQLiteFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a b?c#d%41.db")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	s := openFile(t, file)
	if _, err := sql.Open(t.Context(), sql.Options{File: file}); !errors.Is(err, lockfile.ErrInUse) {
		t.Errorf("opened twice: %v", err)
	}
	if err := s.Sessions().Put(t.Context(), store.LiveSession{ID: "l", Exam: "e", Student: "s", LastPacket: time.Now()}); err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadDir(filepath.Dir(file))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range list {
		names = append(names, strings.TrimPrefix(f.Name(), filepath.Base(file)))
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", f.Name(), info.Mode(), err)
		}
	}
	if want := []string{"", "-shm", "-wal", ".lock"}; !slices.Equal(names, want) {
		t.Errorf("files %q, want %q", names, want)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := openFile(t, file)
	if list, err := again.Sessions().List(t.Context(), store.Page{}); err != nil || len(list) != 1 {
		t.Errorf("opened again: %+v, %v", list, err)
	}
}

func TestSQLiteRefuses(t *testing.T) {
	dir := t.TempDir()
	noDatabase := filepath.Join(dir, "text")
	if err := os.WriteFile(noDatabase, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for what, file := range map[string]string{"not a database": noDatabase, "a directory": dir, "no directory": filepath.Join(dir, "none", "x.db")} {
		s, err := sql.Open(t.Context(), sql.Options{File: file})
		if err == nil {
			t.Errorf("%s: opened, %v", what, s.Close())
		}
	}
	if err := os.Remove(noDatabase); err != nil { // nothing has it open any more
		t.Fatal(err)
	}
	openFile(t, noDatabase)
}
