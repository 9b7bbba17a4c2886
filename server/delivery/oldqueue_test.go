package delivery

import (
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"examlink/probe/journal"
	"examlink/server/store"
	"examlink/server/store/memory"
)

// earlier is a file as earlier versions wrote it: three messages, and one that was
// given up.
const earlier = `{"next":4}
{"lost":{"receiver":"proctors","id":"n0","kind":"suspect","at":"2026-11-30T09:00:00.123456789+01:00","given_up":"2026-11-30T09:01:00Z","why":"the queue is full","sentence":"s"}}
{"put":{"number":2,"id":"n1","lane":"s","kind":"dropped","at":"2026-11-30T09:00:00Z","body":{"type":"x"}}}
{"put":{"number":3,"id":"n2","lane":"s","kind":"dropped","at":"0001-01-01T00:00:00Z","body":{"type":"x"}}}
{"gone":2}
{"put":{"number":4,"id":"n3","lane":"s","kind":"dropped","at":"2026-11-30T09:00:00Z","body":{"type":"x"}}}
{"put":{"number":5,"id":"n4","lane":"s","kind":"dropped","at":"2026-11-30T09:00:00Z","body":{"type":"x"}}}
`

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// inQueue lists the identifiers of the messages in a queue and of those given up.
func inQueue(t *testing.T, q store.Queue) (waiting, undelivered string) {
	t.Helper()
	w, err := q.Waiting(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range w {
		waiting += m.ID
		if string(m.Body) != `{"type":"x"}` || m.Lane != "s" {
			t.Errorf("%+v", m)
		}
	}
	u, err := q.Undelivered(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range u {
		undelivered += x.ID
		if x.Why != "the queue is full" || x.Sentence != "s" || x.GivenUp.IsZero() {
			t.Errorf("%+v", x)
		}
	}
	return waiting, undelivered
}

// What an earlier version kept in a file moves into the store once, also when an
// earlier start ended in the middle of it.
func TestOldQueueIsTakenOver(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "proctors.queue")
	q := memory.NewQueue("proctors")
	for _, started := range []store.Message{{ID: "n0", Kind: "suspect", Body: json.RawMessage("null")}, {ID: "n2", Lane: "s", Kind: "dropped", Body: json.RawMessage(`{"type":"x"}`)}} {
		if _, err := q.Put(t.Context(), started); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // the second time the file is there again, as if it had not been renamed
		write(t, name, earlier)
		if _, skipped, err := takeOver(t.Context(), q, name); err != nil || skipped != 0 {
			t.Fatalf("%d skipped, %v", skipped, err)
		}
		if w, u := inQueue(t, q); w != "n2n3n4" || u != "n0" {
			t.Errorf("waiting %s, given up %s", w, u)
		}
	}
	if b, err := os.ReadFile(name + ".imported"); err != nil || string(b) != earlier {
		t.Errorf("the file is not kept as it was: %v", err)
	}
	if taken, _, err := takeOver(t.Context(), q, name); taken != 0 || err != nil {
		t.Errorf("without a file: %d, %v", taken, err)
	}
	write(t, name, `{"put":{"number":1,"id":"of","lane":"s","kind":"dropped","body":{"type":"x","data":{"exam":"e1","student":"s1"}}}}`+"\n")
	if _, _, err := takeOver(t.Context(), q, name); err != nil {
		t.Fatal(err)
	}
	list, err := q.Waiting(t.Context())
	if last := list[len(list)-1]; err != nil || last.ID != "of" || last.Exam != "e1" || last.Student != "s1" {
		t.Errorf("whom a message is about is not known: %+v, %v", last, err)
	}
	write(t, name, `{"put":{"number":1,"id":"`+strings.Repeat("x", store.MaxText+1)+`","lane":"s","kind":"dropped","body":{}}}`+"\n")
	if taken, skipped, err := takeOver(t.Context(), q, name); taken != 0 || skipped != 1 || err != nil {
		t.Errorf("a message that cannot be kept: %d taken, %d skipped, %v", taken, skipped, err)
	}
}

// Lines that are too long or damaged are skipped, wherever they are; the server
// starts and delivers the others.
func TestOldQueueIsDamaged(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "proctors.queue")
	lines := strings.SplitAfter(earlier, "\n")
	for what, damage := range map[string]string{
		"zeros": strings.Repeat("\x00", 3*maxLine/2), "few zeros": strings.Repeat("\x00", 100), "a long line": `{"put":{"number":9,"id":"` + strings.Repeat("x", 5*maxLine) + `"}}`,
		"a line as long as the buffer": strings.Repeat("x", maxLine), "and one byte less": strings.Repeat("x", maxLine-1), "no JSON": "?", "a number": "7",
	} {
		for i := range lines { // the last line has no line break
			bad := damage
			if i < len(lines)-1 {
				bad += "\n"
			}
			write(t, name, strings.Join(slices.Insert(slices.Clone(lines), i, bad), ""))
			var log strings.Builder
			a, err := New(Options{
				Dir: dir, Queues: queuesOf(memory.New()), Log: slog.New(slog.NewTextHandler(&log, nil)),
				Webhooks: []Webhook{{Name: "proctors", URL: "http://127.0.0.1/", Secret: secret}},
			})
			if err != nil {
				t.Fatalf("%s at line %d: %v", what, i, err)
			}
			if n := a.receivers.deliverers[0].queue.count(); n != 3 {
				t.Errorf("%s at line %d: %d of 3 notices", what, i, n)
			}
			if !strings.Contains(log.String(), "notices=4 lines_skipped=1") {
				t.Errorf("%s at line %d: logged %q", what, i, log.String())
			}
			if err := a.receivers.close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A file that is truncated loses the torn line at most, and the copy that was made
// while it was rewritten is read too.
func TestOldQueueIsTorn(t *testing.T) {
	name := filepath.Join(t.TempDir(), "q")
	messages := func(text string) string {
		write(t, name, text)
		q := memory.NewQueue("r")
		if _, _, err := takeOver(t.Context(), q, name); err != nil {
			t.Fatal(err)
		}
		w, u := inQueue(t, q)
		return w + u
	}
	for cut := len(earlier); cut >= 0; cut -= 1 + rand.IntN(9) {
		end := strings.LastIndex(earlier[:cut], "\n") + 1
		whole := earlier[:end]
		if json.Valid([]byte(earlier[end:cut])) { // only its line break is missing
			whole = earlier[:cut] + "\n"
		}
		if got, want := messages(earlier[:cut]), messages(whole); got != want {
			t.Errorf("cut at %d: %s, want %s", cut, got, want)
		}
	}
	write(t, name+journal.SpareSuffix, earlier)
	if got := messages(""); got != "n2n3n4n0" {
		t.Errorf("of the copy: %s", got)
	}
	if got := messages(""); got != "" {
		t.Errorf("the copy is read again: %s", got)
	}
}

// FuzzQueueLine sees that no line of a queue's file harms, and that the message
// that one leads to can be written and read again.
func FuzzQueueLine(f *testing.F) {
	for line := range strings.Lines(earlier) {
		f.Add([]byte(line))
	}
	for _, seed := range []string{`{"next":7}`, `{}`, `null`, `{"gone":3}`, `{"next":18446744073709551615}`, `{"put":{"number":3,"id":"m"},"gone":4}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		var c content
		if !c.take(line) {
			return
		}
		q := memory.NewQueue("r")
		moved, unfit, err := c.moveTo(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		w, err := q.Waiting(t.Context())
		if err != nil || len(w) > len(c.found) || moved+unfit < len(w) {
			t.Fatalf("%d moved, %d unfit, %d wait of %d, %v", moved, unfit, len(w), len(c.found), err)
		}
		for _, m := range w {
			b, err := json.Marshal(entry{Put: &m})
			if err != nil {
				t.Fatal(err)
			}
			var again content
			if !again.take(b) || len(again.waiting()) != 1 {
				t.Fatalf("not read again: %s", b)
			}
		}
	})
}
