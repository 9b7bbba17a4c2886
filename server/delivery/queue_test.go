package delivery

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"examlink/probe/journal"
	"examlink/server/alert"
)

// threeNotices makes the file of a queue and returns its content.
func threeNotices(t *testing.T, name string) string {
	t.Helper()
	q, err := openQueue("proctors", name, 1e6)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if _, err := q.put(alert.Notice{ID: fmt.Sprint("n", i), Session: "s", Kind: alert.Suspect}, time.Now()); err != nil {
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
	return string(b)
}

// Lines that are too long or damaged are skipped, wherever they are; the server
// starts and delivers the others.
func TestQueueSurvivesDamage(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "proctors.queue")
	lines := strings.SplitAfter(threeNotices(t, name), "\n")
	for what, damage := range map[string]string{
		"zeros": strings.Repeat("\x00", 3*maxLine/2), "few zeros": strings.Repeat("\x00", 100), "a long line": `{"put":{"number":9,"id":"` + strings.Repeat("x", 5*maxLine) + `"}}`,
		"a line as long as the buffer": strings.Repeat("x", maxLine), "and one byte less": strings.Repeat("x", maxLine-1), "no JSON": "?", "a number": "7",
	} {
		for i := range lines { // the last line has no line break
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
			if n := a.deliverers[0].queue.count(); n != 3 {
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

// A notice that is too long to be read back is given up at once, and does not harm
// the next run.
func TestQueueRefusesLongNotice(t *testing.T) {
	name := filepath.Join(t.TempDir(), "q")
	q, err := openQueue("r", name, 10e6)
	if err != nil {
		t.Fatal(err)
	}
	put := func(id string, size int) []Undelivered {
		lost, err := q.put(alert.Notice{ID: id, Session: "s", Kind: alert.Incident, Cause: strings.Repeat("x", size)}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return lost
	}
	if lost := put("short", 10); len(lost) != 0 {
		t.Error(lost)
	}
	most := maxLine - 10 - int(q.bytes) // about the longest that fits
	for i := range 20 {
		put(fmt.Sprint("edge", i), most+i)
	}
	if lost := put("long", maxLine); len(lost) != 1 || lost[0].ID != "long" || !strings.Contains(lost[0].Why, "expected at most") {
		t.Errorf("%+v", lost)
	}
	n, lost := q.count(), len(q.undelivered())
	if n < 2 || lost < 2 || n+lost != 22 {
		t.Errorf("%d messages, %d given up", n, lost)
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
		t.Errorf("%d lines skipped, %d of %d messages, %d of %d given up", q.skipped, q.count(), n, len(q.undelivered()), lost)
	}
}

// Notices that were given up are in the file, but do not cause a rewrite with each
// new notice.
func TestQueueIsSeldomRewritten(t *testing.T) {
	name := filepath.Join(t.TempDir(), "q")
	q, err := openQueue("r", name, 10e6)
	if err != nil {
		t.Fatal(err)
	}
	now, grown := time.Now(), q.file.Grown()
	var rewrites int
	var added int64
	count := func() {
		if q.file.Grown() < grown {
			rewrites++
		} else {
			added += q.file.Grown() - grown
		}
		grown = q.file.Grown()
	}
	put := func(i int) {
		n := alert.Notice{ID: fmt.Sprint("n", i), Session: "s", Kind: alert.ExamRelevant, Sentence: strings.Repeat("x", 300)}
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
		t.Errorf("rewritten %d times for %d bytes, want 1 to %d", rewrites, added, most)
	}
	if info, err := os.Stat(name); err != nil || len(q.undelivered()) != keepLost || info.Size() > 2*slackBytes+keepLost*1000 {
		t.Errorf("%d listed in %v, %v", len(q.undelivered()), info, err)
	}
	if err := q.close(); err != nil {
		t.Fatal(err)
	}
}

// A file that is truncated loses the torn line at most.
func TestQueueSurvivesTornFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "q")
	whole := threeNotices(t, name)
	lines := strings.Count(whole, "\n") - 1
	for cut := len(whole); cut >= 0; cut -= 1 + rand.IntN(9) {
		if err := os.WriteFile(name, []byte(whole[:cut]), 0o600); err != nil {
			t.Fatal(err)
		}
		q, err := openQueue("r", name, 1e6)
		if err != nil {
			t.Fatal(err)
		}
		left := strings.Count(whole[:cut], "\n") - 1
		if n := q.count(); n < left || n > lines {
			t.Errorf("%d messages of %d whole lines", n, left)
		}
		if err := q.close(); err != nil {
			t.Fatal(err)
		}
	}
	// The process ended while it rewrote the file: the copy is read.
	if err := os.WriteFile(name+journal.SpareSuffix, []byte(whole), 0o600); err != nil {
		t.Fatal(err)
	}
	if q, err := openQueue("r", name, 1e6); err != nil || q.count() != lines {
		t.Errorf("%v", err)
	}
}

// The queue is bounded, and its file too.
func TestQueueIsBounded(t *testing.T) {
	name := filepath.Join(t.TempDir(), "q")
	q, err := openQueue("r", name, 20e3)
	if err != nil {
		t.Fatal(err)
	}
	lost := 0
	for i := range 500 {
		l, err := q.put(alert.Notice{ID: fmt.Sprint("n", i), Session: "s", Kind: alert.Suspect, Sentence: strings.Repeat("x", 100)}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		lost += len(l)
		for _, u := range l {
			if u.Why != "the queue is full" {
				t.Errorf("%+v", u)
			}
		}
	}
	info, err := os.Stat(name)
	if err != nil || info.Size() > 20e3+2*slackBytes+keepLost*400 || q.bytes > 20e3 {
		t.Errorf("%v bytes, %d messages of %d bytes, %v", info.Size(), q.count(), q.bytes, err)
	}
	if lost+q.count() != 500 || len(q.undelivered()) != keepLost {
		t.Errorf("%d lost, %d messages, %d listed", lost, q.count(), len(q.undelivered()))
	}
	first := q.list()[0].ID
	if err := q.close(); err != nil {
		t.Fatal(err)
	}
	again, err := openQueue("r", name, 20e3)
	if err != nil || again.list()[0].ID != first || again.count() != q.count() || len(again.undelivered()) != keepLost {
		t.Errorf("%v, %d messages, %d listed", err, again.count(), len(again.undelivered()))
	}
}
