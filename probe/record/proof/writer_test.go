package proof

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"examlink/probe/receipt"
	"examlink/probe/record"
	"examlink/probe/wire"
)

var began = time.Date(2026, 11, 30, 16, 0, 0, 0, time.UTC)

func key(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

func public(k ed25519.PrivateKey) ed25519.PublicKey { return k.Public().(ed25519.PublicKey) }

// writer writes a record and has it countersigned.
type writer struct {
	t       *testing.T
	w       *record.Writer
	name    string
	student string
	session string
	at      time.Time
	key     ed25519.PrivateKey
	heads   []Head // as the store keeps them, one of each session
}

func write(t *testing.T, student, session string) *writer {
	t.Helper()
	return writeAt(t, student, session, began)
}

func writeAt(t *testing.T, student, session string, at time.Time) *writer {
	t.Helper()
	x := &writer{t: t, name: filepath.Join(t.TempDir(), student+".jsonl"), student: student, session: session, at: at, key: key(1)}
	x.open()
	return x
}

func (x *writer) open() {
	x.t.Helper()
	var err error
	if x.w, err = record.Open(x.name, record.Start{Exam: "e1", Student: x.student, Started: record.At(x.at)}, x.at, record.Options{}); err != nil {
		x.t.Fatal(err)
	}
	x.add(record.Session{State: "connected", Session: x.session})
}

func (x *writer) add(e record.Entry) {
	x.t.Helper()
	if err := x.w.Append(x.at, e); err != nil {
		x.t.Fatal(err)
	}
}

// sign has the head countersigned, and returns what the student's side writes.
func (x *writer) sign() record.Countersignature {
	x.t.Helper()
	first, head, _ := x.w.Unsigned()
	seen, _ := json.Marshal(wire.Seen{Server: "1", Transport: "udp", State: "live", Probes: 600, First: began, Last: x.at})
	c := receipt.Countersignature{
		Exam: "e1", Student: x.student, Token: "t-" + x.student, Session: x.session, Record: receipt.Hash(first), Line: head.Seq, Hash: receipt.Hash(head.Hash), At: x.at, Seen: seen,
	}
	s, err := c.Signature(x.key)
	if err != nil {
		x.t.Fatal(err)
	}
	jws, err := c.Compose(base64.RawURLEncoding.EncodeToString(public(x.key)), s)
	if err != nil {
		x.t.Fatal(err)
	}
	x.heads = slices.DeleteFunc(x.heads, func(h Head) bool { return h.Session == x.session })
	x.heads = append(x.heads, Head{Session: x.session, Record: c.Record, Line: c.Line, Hash: c.Hash, At: c.At})
	return record.Countersignature{Line: head.Seq, At: record.At(x.at), JWS: jws}
}

// minutes writes minutes, each of which is countersigned.
func (x *writer) minutes(n int) {
	x.t.Helper()
	for range n {
		x.at = x.at.Add(time.Minute)
		rtt := 0.03
		x.add(record.Minute{From: record.At(x.at.Add(-time.Minute)), To: record.At(x.at), Sent: 600, Received: 600, RoundTrip: &rtt})
		x.add(x.sign())
	}
}

// end closes the record; the countersignature of its end follows it.
func (x *writer) end(signed bool) {
	x.t.Helper()
	x.add(record.End{Why: record.EndExamOver})
	if signed {
		x.add(x.sign())
	}
	if err := x.w.Close(); err != nil {
		x.t.Fatal(err)
	}
}

func (x *writer) lines() []string {
	x.t.Helper()
	b, err := os.ReadFile(x.name)
	if err != nil {
		x.t.Fatal(err)
	}
	return slices.Collect(strings.Lines(string(b)))
}

// whole is a record of three minutes: start, session, three minutes and their countersignatures, end and its own.
func whole(t *testing.T, student, session string) *writer {
	x := write(t, student, session)
	x.minutes(3)
	x.end(true)
	return x
}

func read(t *testing.T, text string, expected receipt.Expected) *Proof {
	t.Helper()
	p, err := Read(strings.NewReader(text), "r.jsonl", expected, public(key(1)))
	if err != nil {
		t.Fatal(err)
	}
	return p
}
