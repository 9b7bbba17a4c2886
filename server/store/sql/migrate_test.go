package sql

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// A database of a later version is refused, and not changed.
func TestLaterVersion(t *testing.T) {
	file := filepath.Join(t.TempDir(), "examlink.db")
	o := Options{File: file}
	testLaterVersion(t, o)
}

func testLaterVersion(t *testing.T, o Options) {
	t.Helper()
	list, err := migrations()
	if err != nil {
		t.Fatal(err)
	}
	version := func(d *database) int {
		v, err := schemaVersion(context.Background(), d.write)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if v := version(s.database); v != len(list) {
		t.Errorf("version %d, want %d", v, len(list))
	}
	if _, err := s.write.ExecContext(t.Context(), "INSERT INTO schema_version (version, applied) VALUES ($1, 0)", len(list)+1); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), "a later examlink-server") {
		t.Errorf("a later version: %v", err)
	}
}

// A migration that fails leaves the database at the version before.
func TestMigrationFails(t *testing.T) {
	s := openTest(t)
	list, err := migrations()
	if err != nil {
		t.Fatal(err)
	}
	tx, err := s.write.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	err = s.migrateTo(t.Context(), tx, append(list, "CREATE TABLE more (id {text});\nCREATE TABLE exams (id {text});\n"))
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("version %d of the tables", len(list)+1)) {
		t.Errorf("migrated: %v", err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := s.read.QueryRowContext(t.Context(), "SELECT count(*) FROM sqlite_master WHERE name = 'more'").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d tables of the migration that failed, %v", n, err)
	}
}
