package sql_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"examlink/probe/lockfile"
	"examlink/probe/verdict"
	"examlink/server/store"
	"examlink/server/store/sql"
)

func receiptOf(writer, i int) store.Receipt {
	id := fmt.Sprintf("%d-%05d", writer, i)
	return store.Receipt{ID: id, Exam: "e1", Student: id, At: time.Unix(int64(i), 0), Outcome: verdict.Ready, Body: []byte(strings.Repeat(id, 100))}
}

// ids lists the receipts of a store.
func ids(t *testing.T, s store.Store) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for p := (store.Page{Limit: store.MaxPage}); ; {
		list, err := s.Receipts().List(t.Context(), "e1", p)
		must(t, err)
		for _, r := range list {
			all[r.ID], p.After = true, r.ID
		}
		if len(list) < p.Size() {
			return all
		}
	}
}

// A backup made while others write has all that was acknowledged before it began,
// and is a store of its own after it was restored.
func TestBackupInUse(t *testing.T) {
	dir := t.TempDir()
	file, copied := filepath.Join(dir, "examlink.db"), filepath.Join(dir, "backup.db")
	s := openFile(t, file)
	for i := range 500 {
		must(t, s.Receipts().Append(t.Context(), receiptOf(0, i)))
	}
	before := ids(t, s)
	stop := make(chan struct{})
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if err := s.Receipts().Append(t.Context(), receiptOf(w+1, i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	err := sql.Backup(t.Context(), file, copied)
	close(stop)
	writers.Wait()
	must(t, err)
	after := ids(t, s)
	if info, err := os.Stat(copied); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if err := sql.Backup(t.Context(), file, copied); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("over a file: %v", err)
	}
	other := filepath.Join(dir, "other.db")
	aside, err := sql.Restore(t.Context(), other, copied)
	if err != nil || aside != "" {
		t.Fatalf("%q, %v", aside, err)
	}
	restored := ids(t, openFile(t, other))
	for id := range before {
		if !restored[id] {
			t.Errorf("%s is not in the backup", id)
		}
	}
	for id := range restored {
		if !after[id] {
			t.Errorf("%s is in the backup only", id)
		}
	}
	t.Logf("%d receipts before, %d in the backup, %d after", len(before), len(restored), len(after))
}

// A store is replaced only when no server has it open and the backup is good; what
// was there before is kept.
func TestRestore(t *testing.T) {
	dir := t.TempDir()
	file, copied := filepath.Join(dir, "examlink.db"), filepath.Join(dir, "backup.db")
	s := openFile(t, file)
	must(t, s.Receipts().Append(t.Context(), receiptOf(1, 1)))
	must(t, sql.Backup(t.Context(), file, copied))
	must(t, s.Receipts().Append(t.Context(), receiptOf(1, 2)))
	if _, err := sql.Restore(t.Context(), file, copied); !errors.Is(err, lockfile.ErrInUse) {
		t.Errorf("in use: %v", err)
	}
	must(t, s.Close())
	whole, err := os.ReadFile(copied)
	must(t, err)
	bad := filepath.Join(dir, "bad.db")
	for what, content := range map[string][]byte{
		"empty": nil, "text": []byte(strings.Repeat("text ", 2000)), "cut": whole[:len(whole)/2], "no tables": whole[:100],
	} {
		must(t, os.WriteFile(bad, content, 0o600))
		if _, err := sql.Restore(t.Context(), file, bad); err == nil {
			t.Errorf("%s: restored", what)
		}
	}
	if _, err := sql.Restore(t.Context(), file, filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	must(t, os.WriteFile(file+"-wal", []byte("a log that is left"), 0o600))
	aside, err := sql.Restore(t.Context(), file, copied)
	must(t, err)
	if got := ids(t, openFile(t, file)); len(got) != 1 || !got["1-00001"] {
		t.Errorf("restored: %v", got)
	}
	if b, err := os.ReadFile(aside + "-wal"); err != nil || string(b) != "a log that is left" {
		t.Errorf("the log of before: %q, %v", b, err)
	}
	must(t, os.Remove(aside+"-wal"))
	if got := ids(t, openFile(t, aside)); len(got) != 2 {
		t.Errorf("kept: %v", got)
	}
	if b, err := os.ReadFile(copied); err != nil || string(b) != string(whole) {
		t.Errorf("the backup has changed: %v", err)
	}
}
