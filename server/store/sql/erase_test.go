package sql_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"examlink/probe/verdict"
	"examlink/server/store"
)

// pseudonym of a student: nothing else in the files is like it.
func pseudonym(i int) string { return fmt.Sprintf("student-%06x-pseudonym", i*7919) }

// admit keeps all kinds of data of a student.
func admit(t *testing.T, s store.Store, q store.Queue, r *rand.Rand, i int) {
	t.Helper()
	id, ctx := pseudonym(i), t.Context()
	must(t, s.Roster().Put(ctx, "e1", []store.Student{{ID: id, Contact: store.Contact(id + "@example.org"), Group: "g"}}))
	for n := range 3 {
		must(t, s.Receipts().Append(ctx, store.Receipt{
			ID: fmt.Sprintf("%08x", r.Uint32()), Exam: "e1", Student: id, At: time.Unix(int64(i*10+n), 0), Outcome: verdict.Ready,
			Body: []byte(strings.Repeat(id+".", 1+r.IntN(300))),
		}))
	}
	session := fmt.Sprintf("%08x", r.Uint32())
	for line := range uint64(3) {
		must(t, s.Records().Append(ctx, store.RecordHead{Session: session, Exam: "e1", Student: id, Line: line + 1, At: time.Unix(int64(i), 0)}))
		must(t, s.Sessions().Put(ctx, store.LiveSession{ID: session, Exam: "e1", Student: id, State: fmt.Sprint(line), LastPacket: time.Unix(int64(i), 0)}))
	}
	must(t, s.Audit().Append(ctx, viewed(id), viewed(id)))
	body, err := json.Marshal(map[string]string{"sentence": "Student " + id + " dropped."})
	must(t, err)
	for n := range 4 {
		number, err := q.Put(ctx, store.Message{ID: fmt.Sprint("n", i, "-", n), Lane: session, Kind: "dropped", Exam: "e1", Student: id, Body: body})
		must(t, err)
		switch n {
		case 0:
			must(t, q.Delivered(ctx, number))
		case 1:
			must(t, q.GiveUp(ctx, number, store.Reason{Why: "old", Sentence: "Student " + id + " dropped."}))
		}
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// inFiles says in which files beside a database a text occurs. Reading them ends
// the locks that this process has on them, so nothing else may use them.
func inFiles(t *testing.T, file, text string) (found []string) {
	t.Helper()
	names, err := filepath.Glob(file + "*")
	must(t, err)
	for _, name := range names {
		b, err := os.ReadFile(name)
		must(t, err)
		if n := bytes.Count(b, []byte(text)); n > 0 {
			found = append(found, fmt.Sprintf("%s: %d times", filepath.Base(name), n))
		}
	}
	return found
}

// What is erased is in no file any more, also after much has moved about in them
// and while others read and write; the rest is there.
func TestSQLiteForgets(t *testing.T) {
	students := 300
	if testing.Short() {
		students = 60 // too few for SQLite to leave copies behind
	}
	file := filepath.Join(t.TempDir(), "examlink.db")
	s := openFile(t, file)
	ctx := t.Context()
	must(t, s.Exams().Create(ctx, store.Exam{ID: "e1", Start: time.Unix(1, 0), End: time.Unix(2, 0), Zone: "UTC", Policy: "default"}))
	q, err := s.Queue(ctx, "proctors")
	must(t, err)
	r := rand.New(rand.NewPCG(1, 2))
	for _, i := range r.Perm(students) {
		admit(t, s, q, r, i)
	}
	if found := inFiles(t, file, pseudonym(0)); len(found) == 0 {
		t.Fatal("the files do not have what is stored: the test would prove nothing")
	}
	erased := map[int]bool{}
	for n, i := range r.Perm(students)[:students/2] {
		wait := readBeside(t, s)
		audited, _ := store.Audited(ctx, viewed(pseudonym(i)))
		removed, err := s.Erase(audited, "e1", pseudonym(i))
		wait()
		must(t, err)
		if removed.Students != 1 || removed.Receipts != 3 || removed.Records != 1 || removed.Sessions != 1 || removed.Messages < 2 || removed.Audit != 3 {
			t.Errorf("removed %+v", removed)
		}
		if erased[i] = true; n%10 != 0 {
			continue
		}
		for e := range erased {
			if found := inFiles(t, file, pseudonym(e)); len(found) > 0 {
				t.Fatalf("student %d, after %d were erased: %q", e, len(erased), found)
			}
		}
		admit(t, s, q, r, students+n)
	}
	if c, list := checkAudit(t, s); c.Flaws != nil || len(list) < students || c.Erased != uint64(len(erased)*3) { //nolint:gosec // few
		t.Errorf("%d entries, %d of erased students, %+v", len(list), c.Erased, c.Flaws)
	}
	for i := range students {
		_, err := s.Roster().Get(ctx, "e1", pseudonym(i))
		if (err != nil) != erased[i] {
			t.Errorf("student %d: %v", i, err)
		}
	}
}

// readBeside reads while something else is done; the returned function waits for it.
func readBeside(t *testing.T, s store.Store) (wait func()) {
	done := make(chan error)
	go func() {
		_, err := s.Receipts().List(context.WithoutCancel(t.Context()), "e1", store.Page{})
		done <- err
	}()
	return func() { must(t, <-done) }
}
