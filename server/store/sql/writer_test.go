package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"examlink/server/store"
)

func openTest(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{File: filepath.Join(t.TempDir(), "examlink.db")})
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

// put is a change that puts a session, and then fails with an error.
func put(ctx context.Context, id string, then error) *job {
	return &job{ctx: ctx, make: func(ctx context.Context, tx *sql.Tx) error {
		_, err := execute(ctx, tx, `INSERT INTO sessions (id, exam, student, token, purpose, transport, state, last_packet)
			VALUES ($1, 'e', 's', '', '', '', '', 0)`, id)
		return errors.Join(err, then)
	}}
}

func kept(t *testing.T, s *Store) (ids string) {
	t.Helper()
	list, err := s.Sessions().List(t.Context(), store.Page{})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range list {
		ids += l.ID
	}
	return ids
}

// A change that fails is undone alone: those before and after it in the same
// transaction are committed.
func TestChangesFailAlone(t *testing.T) {
	s := openTest(t)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	refused := fmt.Errorf("refused: %w", store.ErrConflict)
	batch := []*job{put(t.Context(), "a", nil), put(t.Context(), "b", refused), put(t.Context(), "c", nil), put(ended, "d", nil), put(t.Context(), "a", nil), put(t.Context(), "e", nil)}
	errs := s.commit(batch)
	if errs[0] != nil || !errors.Is(errs[1], store.ErrConflict) || errs[2] != nil || !errors.Is(errs[3], context.Canceled) || errs[4] == nil || errs[5] != nil {
		t.Errorf("%v", errs)
	}
	if got := kept(t, s); got != "ace" {
		t.Errorf("kept %s, want ace", got)
	}
	for _, alone := range []*job{put(t.Context(), "f", refused), put(t.Context(), "a", nil), put(ended, "g", nil)} {
		if err := s.commit([]*job{alone})[0]; err == nil {
			t.Error("a change that failed alone has no error")
		}
	}
	if err := s.commit([]*job{put(t.Context(), "h", nil)})[0]; err != nil || kept(t, s) != "aceh" {
		t.Errorf("after failures: %v, kept %s", err, kept(t, s))
	}
}

// When there is no room, changes fail whole, what is stored can be read, and once
// there is room again changes are made.
func TestNoRoom(t *testing.T) {
	s := openTest(t)
	var pages int
	if err := s.write.QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	limit := func(n int) {
		t.Helper()
		if _, err := s.write.ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", n)); err != nil {
			t.Fatal(err)
		}
	}
	receipt := func(i int) store.Receipt {
		return store.Receipt{ID: fmt.Sprint("r", i), Exam: "e", Student: "s", At: time.Unix(int64(i), 0), Outcome: "ready", Body: []byte(strings.Repeat("x", 10e3))}
	}
	limit(pages + 20)
	n := 0
	var err error
	for ; err == nil && n < 100; n++ {
		err = s.Receipts().Append(t.Context(), receipt(n))
	}
	if err == nil || n < 3 || !strings.Contains(err.Error(), "full") {
		t.Fatalf("%d receipts, %v", n, err)
	}
	n-- // the last one was not kept
	var batch []*job
	for i := range 4 {
		batch = append(batch, &job{ctx: t.Context(), make: func(ctx context.Context, tx *sql.Tx) error {
			_, err := execute(ctx, tx, "INSERT INTO messages (receiver, number, id, lane, kind, exam, student, at, body) VALUES ('r', $1, '', '', '', '', '', 0, $2)", i, []byte(strings.Repeat("x", 50e3)))
			return err
		}})
	}
	acknowledged := 0
	for _, err := range s.commit(batch) {
		if err == nil {
			acknowledged++
		}
	}
	var messages int
	if err := s.read.QueryRowContext(t.Context(), "SELECT count(*) FROM messages").Scan(&messages); err != nil || messages != acknowledged || acknowledged == len(batch) {
		t.Errorf("%d messages of %d acknowledged, %v", messages, acknowledged, err)
	}
	list, err := s.Receipts().List(t.Context(), "e", store.Page{Limit: 1000})
	if err != nil || len(list) != n {
		t.Errorf("%d receipts of %d, %v", len(list), n, err)
	}
	limit(1 << 30)
	if err := s.Receipts().Append(t.Context(), receipt(n)); err != nil {
		t.Errorf("with room again: %v", err)
	}
}
