package proof

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"examlink/docs/schemas"
	"examlink/probe/receipt"
	"examlink/probe/record"
)

func TestWholeRecord(t *testing.T) {
	x := whole(t, "s1", "x1")
	p := read(t, strings.Join(x.lines(), ""), receipt.Expected{Exam: "e1", Student: "s1", Token: "t-s1"})
	if p.Outcome != Whole || !p.Ended || !p.EndSigned || p.Unsigned != nil || p.Countersignatures != 4 || len(p.Problems) > 0 {
		t.Fatalf("%+v", p)
	}
	if s := p.Signed; s.Line != 9 || !s.At.Equal(began.Add(3*time.Minute)) || s.Key != receipt.KeyID(public(key(1))) || s.Session != "x1" || s.Token != "t-s1" || s.Seen.Probes != 600 {
		t.Errorf("%+v", s)
	}
	p.Compare(x.heads)
	if p.Outcome != Whole || p.Stored == nil || p.Stored.Line != 9 {
		t.Errorf("compared with the store: %+v", p)
	}
	var b strings.Builder
	if err := p.Text(&b); err != nil || !strings.HasPrefix(b.String(), "Everything holds") || !strings.Contains(b.String(), "up to line 9 at ") {
		t.Errorf("%v\n%s", err, b.String())
	}
}

// Restarts of the program, sessions that follow each other, and other servers with another
// key: all is proved. What has no signature is said.
func TestRecordsThatWentOn(t *testing.T) {
	x := write(t, "s1", "x1")
	x.minutes(2)
	x.session = "x2" // after an outage longer than the server remembers
	x.add(record.Session{State: "connected", Session: x.session})
	x.minutes(2)
	x.end(true)
	x.at = x.at.Add(time.Hour)
	x.session, x.key = "x3", key(2) // another run, another server
	x.open()
	x.minutes(1)
	x.end(true)
	text := strings.Join(x.lines(), "")
	p, err := Read(strings.NewReader(text), "r.jsonl", receipt.Expected{}, public(key(1)), public(key(2)))
	if err != nil || p.Outcome != Whole || p.Countersignatures != 7 || p.Signed.Session != "x3" {
		t.Fatalf("%+v, %v", p, err)
	}
	if p.Compare(x.heads); p.Outcome != Whole || p.Stored.Session != "x3" || len(p.Others) > 0 {
		t.Errorf("compared with three heads: %+v", p)
	}

	// A whole session, the last one, cut away: only the store knows.
	lines := x.lines()
	i := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, "client-stopped") })
	p = read(t, strings.Join(lines[:i], ""), receipt.Expected{})
	if p.Outcome != Whole {
		t.Errorf("without the last session: %+v", p)
	}
	if p.Compare(x.heads); p.Outcome != Broken || p.Problems[0].Name != Cut || !strings.Contains(p.Problems[0].Words, fmt.Sprintf("this file ends at line %d", i)) {
		t.Errorf("without the last session, compared: %+v", p.Problems)
	}
}

func TestRecordsInPart(t *testing.T) {
	for name, c := range map[string]struct {
		make     func(*writer)
		want     Outcome
		signed   uint64
		unsigned string // lines, first and last
	}{
		"killed":            {func(x *writer) { x.minutes(2); x.add(record.Note{About: "x", Words: "y"}) }, Partly, 5, "1 7 7"},
		"running":           {func(x *writer) { x.minutes(2) }, Partly, 5, ""},
		"end not signed":    {func(x *writer) { x.minutes(1); x.end(false) }, Partly, 3, "1 5 5"},
		"never signed":      {func(x *writer) { x.end(false) }, Unsigned, 0, "3 1 3"},
		"signed at the end": {func(x *writer) { x.add(record.Note{About: "x", Words: "y"}); x.end(true) }, Whole, 4, ""},
	} {
		x := write(t, "s1", "x1")
		c.make(x)
		p := read(t, strings.Join(x.lines(), ""), receipt.Expected{})
		signed, unsigned := uint64(0), ""
		if p.Signed != nil {
			signed = p.Signed.Line
		}
		if u := p.Unsigned; u != nil {
			unsigned = fmt.Sprint(u.Lines, u.First, u.Last)
		}
		if p.Outcome != c.want || signed != c.signed || unsigned != c.unsigned || len(p.Problems) > 0 {
			t.Errorf("%s: %s, signed up to %d, not %q; want %s, %d, %q; %v", name, p.Outcome, signed, unsigned, c.want, c.signed, c.unsigned, p.Problems)
		}
	}
}

// The countersignature of the end that got lost on its way is in the store.
func TestStoreKnowsMore(t *testing.T) {
	x := write(t, "s1", "x1")
	x.minutes(2)
	x.add(record.End{Why: record.EndStopped})
	x.sign()
	p := read(t, strings.Join(x.lines(), ""), receipt.Expected{})
	if p.Outcome != Partly {
		t.Errorf("%+v", p)
	}
	p.Compare(append(x.heads, Head{Session: "x9", Record: receipt.Hash{7}, Line: 99, At: began}))
	if p.Outcome != Whole || p.Stored.Line != 7 || p.Unsigned != nil || len(p.Others) != 1 {
		t.Errorf("compared: %+v", p)
	}
}

// A record is verified by docs/operators.md with another JOSE library, without this
// module's code.
func TestOtherLibrary(t *testing.T) {
	lines := whole(t, "s1", "x1").lines()
	hash := func(n int) string {
		return fmt.Sprintf("%x", sha256.Sum256([]byte(strings.TrimSuffix(lines[n-1], "\n"))))
	}
	covered := 0
	for i, text := range lines {
		var l struct {
			Prev             string
			Countersignature *struct{ JWS string }
		}
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatal(err)
		}
		if i > 0 && l.Prev != hash(i) {
			t.Errorf("line %d: prev %s, want %s", i+1, l.Prev, hash(i))
		}
		if l.Countersignature == nil {
			continue
		}
		s, err := jose.ParseSignedCompact(l.Countersignature.JWS, []jose.SignatureAlgorithm{jose.EdDSA})
		if err != nil {
			t.Fatal(err)
		}
		payload, err := s.Verify(public(key(1)))
		if typ := s.Signatures[0].Header.ExtraHeaders["typ"]; err != nil || typ != "examlink-record+jws" {
			t.Fatalf("line %d: %v, %v", i+1, typ, err)
		}
		var c struct {
			Exam, Student, Record, Hash string
			Line                        int
		}
		if err := json.Unmarshal(payload, &c); err != nil || c.Exam != "e1" || c.Student != "s1" || c.Record != hash(1) || c.Hash != hash(c.Line) {
			t.Errorf("line %d: %+v, %v", i+1, c, err)
		}
		covered = c.Line
	}
	if covered != len(lines)-1 {
		t.Errorf("covered up to line %d of %d", covered, len(lines))
	}
}

// A cut at the end does not show in the file; it does beside the store.
func TestCutAtTheEnd(t *testing.T) {
	x := whole(t, "s1", "x1")
	p := read(t, strings.Join(x.lines()[:6], ""), receipt.Expected{})
	if p.Outcome != Partly || p.Ended || p.Signed.Line != 5 || p.Unsigned != nil {
		t.Errorf("%+v", p)
	}
	p.Compare(x.heads)
	if p.Outcome != Broken || p.Problems[0].Name != Cut || p.Problems[0].Words != "the server countersigned line 9 at 2026-11-30 16:03:00 UTC; this file ends at line 6" {
		t.Errorf("%+v", p.Problems)
	}
	// Lines that were made up in place of those that were cut.
	y := write(t, "s1", "x1")
	y.minutes(1)
	y.add(record.Note{About: "x", Words: "made up"})
	y.end(false)
	p = read(t, strings.Join(y.lines(), ""), receipt.Expected{})
	head := y.heads[0]
	head.Line, head.Hash = 5, receipt.Hash{1}
	if p.Compare([]Head{head}); p.Outcome != Broken || p.Problems[0].Name != LineChanged || p.Problems[0].Line != 5 {
		t.Errorf("%+v", p.Problems)
	}
}

func TestOfAnother(t *testing.T) {
	text := strings.Join(whole(t, "s1", "x1").lines(), "")
	for want, e := range map[Name]receipt.Expected{OtherExam: {Exam: "e2"}, OtherStudent: {Student: "s2"}, OtherToken: {Token: "t2"}} {
		if p := read(t, text, e); p.Outcome != Broken || p.Problems[0].Name != want {
			t.Errorf("%+v: %+v", e, p.Problems)
		}
	}
	for _, text := range []string{"", "nonsense\n", "{}\n"} {
		if p, err := Read(strings.NewReader(text), "r.jsonl", receipt.Expected{}, public(key(1))); err == nil {
			t.Errorf("%q: %+v", text, p)
		}
	}
}

func TestProofsHaveTheirSchema(t *testing.T) {
	schemas.Fields[Proof](t, Schema)
	x := whole(t, "s1", "x1")
	lines := x.lines()
	var all [][]byte
	for _, text := range []string{strings.Join(lines, ""), strings.Join(lines[:7], ""), strings.Join(lines[:2], ""), strings.Join(slices.Concat(lines[:4], lines[6:]), "") + "torn"} {
		p := read(t, text, receipt.Expected{})
		p.Compare(append(x.heads, Head{Session: "x9", Record: receipt.Hash{7}, Line: 99, At: began}))
		b, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	schemas.Test(t, Schema, all...)
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"t":"2026-11-30T16:00:00.000Z","seq":1,"prev":"0000000000000000000000000000000000000000000000000000000000000000","type":"start","start":{"schema":"examlink.record/1","exam":"e1"}}` + "\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Read(bytes.NewReader(b), "r", receipt.Expected{}, public(key(1)))
		if err == nil && (p.Signed != nil || p.Outcome == Whole) {
			t.Errorf("forged: %+v", p)
		}
	})
}
