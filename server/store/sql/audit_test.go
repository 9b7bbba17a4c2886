package sql_test

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"examlink/server/store"
	sqlstore "examlink/server/store/sql"
)

func viewed(student string) store.AuditEntry {
	return store.AuditEntry{At: time.Unix(100, 0), Role: "command", Identity: "alice", Action: store.Viewed, Exam: "e1", Student: student, Result: store.OK}
}

// checkAudit verifies the log of a store.
func checkAudit(t *testing.T, s store.Store) (*store.AuditCheck, []store.AuditEntry) {
	t.Helper()
	ends, err := s.Audit().Ends(t.Context())
	must(t, err)
	list, err := s.Audit().List(t.Context(), store.AuditFilter{}, store.AuditPage{Limit: store.MaxPage})
	must(t, err)
	c := store.NewAuditCheck(ends)
	for _, e := range list {
		c.Add(e)
	}
	c.Close()
	return c, list
}

// The command line writes into the log of a store that a server is using.
func TestAppendAuditBesideServer(t *testing.T) {
	file := filepath.Join(t.TempDir(), "examlink.db")
	if err := sqlstore.AppendAudit(t.Context(), sqlstore.Options{File: file}, viewed("s1")); !errors.Is(err, sqlstore.ErrNoAudit) {
		t.Errorf("without a store: %v", err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("a store was made")
	}
	s := openFile(t, file)
	done := make(chan error)
	go func() {
		var err error
		for range 20 {
			err = errors.Join(err, s.Audit().Append(t.Context(), viewed("s2")))
		}
		done <- err
	}()
	for range 20 {
		must(t, sqlstore.AppendAudit(t.Context(), sqlstore.Options{File: file}, viewed("s1")))
	}
	must(t, <-done)
	if c, list := checkAudit(t, s); len(list) != 40 || c.Flaws != nil {
		t.Errorf("%d entries, %+v", len(list), c.Flaws)
	}
	if err := sqlstore.AppendAudit(t.Context(), sqlstore.Options{File: file}, store.AuditEntry{}); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("an empty entry: %v", err)
	}
}

// A database of an earlier version is left as it is.
func TestAppendAuditToEarlierVersion(t *testing.T) {
	file := filepath.Join(t.TempDir(), "examlink.db")
	must(t, os.WriteFile(file, nil, 0o600))
	if err := sqlstore.AppendAudit(t.Context(), sqlstore.Options{File: file}, viewed("s1")); !errors.Is(err, sqlstore.ErrNoAudit) {
		t.Errorf("an empty file: %v", err)
	}
	db, err := sql.Open("sqlite", file)
	must(t, err)
	defer db.Close()
	for _, statement := range []string{"CREATE TABLE schema_version (version bigint, applied bigint)", "INSERT INTO schema_version VALUES (1, 0)"} {
		_, err := db.Exec(statement)
		must(t, err)
	}
	if err := sqlstore.AppendAudit(t.Context(), sqlstore.Options{File: file}, viewed("s1")); !errors.Is(err, sqlstore.ErrNoAudit) {
		t.Errorf("version 1: %v", err)
	}
	_, err = db.Exec("UPDATE schema_version SET version = 999")
	must(t, err)
	if err := sqlstore.AppendAudit(t.Context(), sqlstore.Options{File: file}, viewed("s1")); err == nil || !strings.Contains(err.Error(), "later examlink-server") {
		t.Errorf("version 999: %v", err)
	}
}

// Whoever changes the tables with another program is found out.
func TestAuditTablesAreChanged(t *testing.T) {
	for name, c := range map[string]struct{ statement, want string }{
		"an entry is changed":           {"UPDATE audit SET identity = 'bob' WHERE number = 2", "2: its hash does not match"},
		"an entry is removed":           {"DELETE FROM audit WHERE number = 2", "3: entry 2 is missing"},
		"the last entries are removed":  {"DELETE FROM audit WHERE number > 2", "4: the log ends at entry 2, expected 4"},
		"the first entry is removed":    {"DELETE FROM audit WHERE number = 1", "2: entry 1 is missing"},
		"a time is changed":             {"UPDATE audit SET at = at + 1 WHERE number = 3", "3: its hash"},
		"a student is replaced":         {"UPDATE audit_students SET student = 's9' WHERE student = 's1'", "1: its student is not"},
		"an entry is of another":        {"UPDATE audit SET digest = (SELECT digest FROM audit_students WHERE student = 's2') WHERE number = 1", "1: its hash"},
		"a refusal becomes a success":   {"UPDATE audit SET result = 'ok', reason = '' WHERE number = 4", "4: its hash"},
		"the head is changed":           {"UPDATE audit_ends SET head_hash = base_hash", "4: its hash is not that of the log's end"},
		"retention is said to be later": {"UPDATE audit_ends SET base_number = 2", "1: comes after entry 2"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "examlink.db")
			s := openFile(t, file)
			refused := viewed("")
			refused.Result, refused.Reason = store.Refused, "not for you"
			must(t, s.Audit().Append(t.Context(), viewed("s1"), viewed("s2"), viewed(""), refused))
			if c, _ := checkAudit(t, s); c.Flaws != nil {
				t.Fatalf("%+v", c.Flaws)
			}
			db, err := sql.Open("sqlite", file)
			must(t, err)
			defer db.Close()
			_, err = db.Exec(c.statement)
			must(t, err)
			check, _ := checkAudit(t, s)
			if len(check.Flaws) == 0 || !strings.HasPrefix(flawText(check.Flaws[0]), c.want) {
				t.Errorf("%+v, want %s", check.Flaws, c.want)
			}
		})
	}
}

func flawText(f store.AuditFlaw) string { return fmt.Sprintf("%d: %s", f.Number, f.Problem) }
