package alert

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Lines that are too long or mean nothing are passed over, wherever they are; the
// rest is delivered, and the server starts.
func TestQueueSurvivesDamage(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "proctors.queue")
	q, err := openQueue("proctors", name, 1e6)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if _, err := q.put(Notice{ID: fmt.Sprint("n", i), Session: "s", Kind: Suspect}, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if err := q.close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(b), "\n")
	for what, damage := range map[string]string{
		"zeros": strings.Repeat("\x00", 3*maxLine/2), "few zeros": strings.Repeat("\x00", 100), "a long line": `{"put":{"number":9,"id":"` + strings.Repeat("x", 5*maxLine) + `"}}`,
		"a line as long as the buffer": strings.Repeat("x", maxLine), "and one byte less": strings.Repeat("x", maxLine-1), "no JSON": "?", "a number": "7",
	} {
		for i := range lines { // at the end it is without an end of its own
			bad := damage
			if i < len(lines)-1 {
				bad += "\n"
			}
			if err := os.WriteFile(name, []byte(strings.Join(slices.Insert(slices.Clone(lines), i, bad), "")), 0o600); err != nil {
				t.Fatal(err)
			}
			var log strings.Builder
			a, err := New(Options{Dir: dir, Webhooks: []Webhook{{Name: "proctors", URL: "http://127.0.0.1/", Secret: secret}}, Log: slog.New(slog.NewTextHandler(&log, nil))})
			if err != nil {
				t.Fatalf("%s at line %d: %v", what, i, err)
			}
			if n := a.couriers[0].queue.count(); n != 3 {
				t.Errorf("%s at line %d: %d of 3 notices", what, i, n)
			}
			if !strings.Contains(log.String(), "lines_skipped=1") {
				t.Errorf("%s at line %d: logged %q", what, i, log.String())
			}
			if err := a.close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A notice that is too long to be read again is given up at once, and is no
// trouble to the next run.
func TestQueueRefusesLongNotice(t *testing.T) {
	name := filepath.Join(t.TempDir(), "q")
	q, err := openQueue("r", name, 10e6)
	if err != nil {
		t.Fatal(err)
	}
	put := func(id string, size int) []Undelivered {
		lost, err := q.put(Notice{ID: id, Session: "s", Kind: Incident, Cause: strings.Repeat("x", size)}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return lost
	}
	if lost := put("short", 10); len(lost) != 0 {
		t.Error(lost)
	}
	most := maxLine - 10 - int(q.bytes) // leaves the longest that fits, within a byte or two
	for i := range 20 {
		put(fmt.Sprint("edge", i), most+i)
	}
	if lost := put("long", maxLine); len(lost) != 1 || lost[0].ID != "long" || !strings.Contains(lost[0].Why, "expected at most") {
		t.Errorf("%+v", lost)
	}
	n, lost := q.count(), len(q.undelivered())
	if n < 2 || lost < 2 || n+lost != 22 {
		t.Errorf("%d wait, %d given up", n, lost)
	}
	for _, u := range q.undelivered() {
		if !strings.Contains(u.Why, "expected at most") {
			t.Errorf("%+v", u)
		}
	}
	if err := q.close(); err != nil {
		t.Fatal(err)
	}
	q, err = openQueue("r", name, 10e6)
	if err != nil {
		t.Fatal(err)
	}
	if q.skipped != 0 || q.count() != n || len(q.undelivered()) != lost {
		t.Errorf("%d lines skipped, %d of %d wait, %d of %d given up", q.skipped, q.count(), n, len(q.undelivered()), lost)
	}
}

// What was given up is kept in the file, and is no reason to write it anew with
// each notice.
func TestQueueIsSeldomRewritten(t *testing.T) {
	q, err := openQueue("r", filepath.Join(t.TempDir(), "q"), 10e6)
	if err != nil {
		t.Fatal(err)
	}
	now, size := time.Now(), q.written
	var rewrites int
	var added int64
	count := func() {
		if q.written < size {
			rewrites++
		} else {
			added += q.written - size
		}
		size = q.written
	}
	put := func(i int) {
		n := Notice{ID: fmt.Sprint("n", i), Session: "s", Kind: ExamRelevant, Sentence: strings.Repeat("x", 300)}
		if _, err := q.put(n, now); err != nil {
			t.Fatal(err)
		}
		count()
	}
	for i := range 2 * keepLost {
		put(i)
		if _, _, err := q.giveUp(q.list()[0], "not delivered within 24h0m0s", now); err != nil {
			t.Fatal(err)
		}
		count()
	}
	rewrites, added = 0, 0
	for i := range 400 {
		put(2*keepLost + i)
		if err := q.delivered(q.list()[0]); err != nil {
			t.Fatal(err)
		}
		count()
	}
	if most := int(added/slackBytes) + 1; rewrites == 0 || rewrites > most {
		t.Errorf("written anew %d times for %d bytes, want 1 to %d", rewrites, added, most)
	}
	if len(q.undelivered()) != keepLost || q.written > 2*slackBytes+keepLost*1000 {
		t.Errorf("%d listed in %d bytes", len(q.undelivered()), q.written)
	}
	if err := q.close(); err != nil {
		t.Fatal(err)
	}
}
