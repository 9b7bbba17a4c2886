package files

import (
	"bytes"
	"encoding/json"
	"testing"

	"examlink/server/store/memory"
)

// FuzzLine sees that no line harms, and that what was read is written and read
// again as the same.
func FuzzLine(f *testing.F) {
	for _, seed := range []string{
		`{"version":1}`, `{}`, `null`, `7`, `{"gone":{"session":"l"}}`, `{"gone":{"exam":"e1","student":"s1"}}`,
		`{"exam":{"id":"e1","title":"<a>","start":"2026-12-01T09:00:00Z","end":"2026-12-01T11:00:00+01:00","zone":"UTC","policy":"default","closed":true}}`,
		`{"student":{"exam":"e1","id":"s1","contact":"a@example.org","group":"A","site":"home"}}`,
		`{"receipt":{"id":"r","exam":"e1","student":"s1","at":"2026-12-01T09:00:00.123456789Z","late":true,"outcome":"ready","body":"AAEC"}}`,
		`{"record":{"session":"l","exam":"e1","student":"s1","line":3,"hash":"0102030405060708091011121314151617181920212223242526272829303132","at":"2026-12-01T09:00:00Z"}}`,
		`{"session":{"id":"l","exam":"e1","student":"s1","token":"t","purpose":"watch","transport":"udp","state":"live","last_packet":"2026-12-01T09:00:00Z"}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		c, _, ok := parse(line)
		if !ok {
			return
		}
		for _, table := range memory.Tables() {
			c, _, _ := parse(line)
			s := memory.New()
			if !s.Apply(table, c) {
				continue
			}
			s.Snapshot(table, func(c memory.Change) {
				b, err := format(c)
				if err != nil {
					if len(line) < maxLine/8 { // escapes make a long line longer
						t.Fatal(err)
					}
					return
				}
				again, _, ok := parse(b)
				if !ok || !memory.New().Apply(table, again) {
					t.Fatalf("not read again: %s", b)
				}
				if b2, err := format(again); err != nil || !bytes.Equal(b, b2) {
					t.Fatalf("%s, and then %s, %v", b, b2, err)
				}
			})
		}
		_, _ = format(c)
	})
}

// FuzzQueueLine sees that no line of a queue's file harms, and that the message
// that one leads to can be written and read again.
func FuzzQueueLine(f *testing.F) {
	for _, seed := range []string{
		`{"next":7}`, `{}`, `null`, `{"gone":3}`, `{"next":18446744073709551615}`,
		`{"put":{"number":3,"id":"m","lane":"l","kind":"suspect","at":"2026-12-01T09:00:00Z","body":{"a":"<"}}}`,
		`{"put":{"number":3,"id":"m"},"gone":4}`,
		`{"lost":{"receiver":"r","id":"m","kind":"suspect","at":"2026-12-01T09:00:00Z","given_up":"2026-12-01T09:00:00Z","why":"old","sentence":"s"}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		var c content
		if !c.take(line) {
			return
		}
		for _, m := range c.waiting() {
			b, err := json.Marshal(entry{Put: &m})
			if err != nil {
				t.Fatal(err)
			}
			var again content
			if !again.take(b) || len(again.waiting()) != 1 || again.next != m.Number+1 {
				t.Fatalf("not read again: %s", b)
			}
		}
		for _, u := range c.undelivered() {
			if _, err := json.Marshal(entry{Lost: &u}); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// A file of a queue as earlier versions wrote it is read.
func TestQueueReadsEarlierFiles(t *testing.T) {
	var c content
	for _, l := range []string{
		`{"next":4}`,
		`{"lost":{"receiver":"proctors","id":"n0","kind":"suspect","at":"2026-11-30T09:00:00.123456789+01:00","given_up":"2026-11-30T09:01:00Z","why":"the queue is full","sentence":"s"}}`,
		`{"put":{"number":2,"id":"n1","lane":"s","kind":"dropped","at":"2026-11-30T09:00:00Z","body":{"type":"x"}}}`,
		`{"put":{"number":3,"id":"n2","lane":"s","kind":"dropped","at":"0001-01-01T00:00:00Z","body":{"type":"x"}}}`,
		`{"gone":2}`,
	} {
		if !c.take([]byte(l)) {
			t.Errorf("skipped: %s", l)
		}
	}
	w, u := c.waiting(), c.undelivered()
	if len(w) != 1 || w[0].ID != "n2" || w[0].Lane != "s" || string(w[0].Body) != `{"type":"x"}` || c.next != 4 {
		t.Errorf("%+v, next %d", w, c.next)
	}
	if len(u) != 1 || u[0].ID != "n0" || u[0].Why != "the queue is full" || u[0].GivenUp.IsZero() {
		t.Errorf("%+v", u)
	}
}
