package record

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A record says which lines are news for the server, also when it is continued, and is
// closed properly with a countersignature after its end.
func TestCountersignatures(t *testing.T) {
	name := filepath.Join(t.TempDir(), "r.jsonl")
	w := open(t, name, began, Options{})
	unsigned := func(want uint64) Head {
		t.Helper()
		first, head, ok := w.Unsigned()
		if first == (Hash{}) || head != w.Head() || ok != (want > 0) || ok && head.Seq != want {
			t.Errorf("first %v, head %+v, unsigned %v; want line %d", first, head, ok, want)
		}
		return head
	}
	sign := func(h Head) Countersignature { return Countersignature{Line: h.Seq, At: At(began), JWS: "a.b.c"} }
	appendAll(t, w, began, minuteAt(began))
	h := unsigned(2)
	appendAll(t, w, began, sign(h))
	unsigned(0)
	appendAll(t, w, began, minuteAt(began))
	unsigned(4)
	appendAll(t, w, began, End{Why: EndStopped})
	appendAll(t, w, began, sign(unsigned(5)))
	unsigned(0)
	first := w.first
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := whole(t, name)
	if got, want := types(r), "start minute countersignature minute end countersignature"; got != want || !r.Chain.Ended || r.Pending != nil {
		t.Errorf("%s, want %s; %+v", got, want, r.Chain)
	}

	w = open(t, name, began.Add(time.Hour), Options{})
	if unsigned(8); w.first != first {
		t.Errorf("a continued record begins with %v, want %v", w.first, first)
	}
	w.kill()
	if r = whole(t, name); !strings.HasSuffix(types(r), "countersignature gap start") || r.Chain.Ended {
		t.Errorf("%s, ended %v", types(r), r.Chain.Ended)
	}
}

// A countersignature that arrives in an interruption does not end it: a killed client
// loses no gap.
func TestCountersignatureInAGap(t *testing.T) {
	name := filepath.Join(t.TempDir(), "r.jsonl")
	w := open(t, name, began, Options{})
	at := began.Add(time.Minute)
	if err := w.Live(at, nil, &Gap{From: At(began), To: At(at), Cause: Network}); err != nil {
		t.Fatal(err)
	}
	appendAll(t, w, at, Countersignature{Line: 1, At: At(at), JWS: "a.b.c"})
	w.kill()
	w = open(t, name, at.Add(time.Minute), Options{})
	w.kill()
	if got, want := types(whole(t, name)), "start countersignature gap gap start"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// A full record leaves countersignatures out, but not the one of its end.
func TestCountersignatureOfAFullRecord(t *testing.T) {
	name := filepath.Join(t.TempDir(), "r.jsonl")
	w := open(t, name, began, Options{MaxBytes: leastBytes})
	for range 500 {
		appendAll(t, w, began, minuteAt(began))
	}
	before := w.Head()
	appendAll(t, w, began, Countersignature{Line: 1, At: At(began), JWS: strings.Repeat("x", 900)})
	if w.Head() != before {
		t.Error("a countersignature took the room of warnings")
	}
	appendAll(t, w, began, End{Why: EndStopped}, Countersignature{Line: before.Seq + 1, At: At(began), JWS: strings.Repeat("x", 900)})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if r := whole(t, name); !strings.HasSuffix(types(r), "note end countersignature") || !r.Chain.Ended {
		t.Errorf("%s", types(r))
	}
}
