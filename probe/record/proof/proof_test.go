package proof

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"examlink/docs/schemas"
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

// Each tampering is caught, by its name, and what was countersigned before it still holds.
func TestTampering(t *testing.T) {
	x := whole(t, "s1", "x1")
	lines := x.lines() // 1 start, 2 session, 3 minute, 4 its countersignature, ... 9 end, 10 its countersignature
	other := whole(t, "s2", "x2").lines()
	later := writeAt(t, "s1", "x3", began.Add(time.Second)) // another record of the same student
	later.minutes(3)
	later.end(true)
	with := func(i int, now ...string) []string { return slices.Concat(lines[:i-1], now, lines[i:]) }
	changed := func(i int, old, now string) string {
		if !strings.Contains(lines[i-1], old) {
			t.Fatalf("line %d has no %q: %s", i, old, lines[i-1])
		}
		return strings.Replace(lines[i-1], old, now, 1)
	}
	resigned := func(change func(*receipt.Countersignature), k ed25519.PrivateKey) string {
		var l record.Line
		if err := json.Unmarshal([]byte(lines[5]), &l); err != nil {
			t.Fatal(err)
		}
		c, err := receipt.VerifyCountersignature(l.Countersignature.JWS, public(key(1)))
		if err != nil {
			t.Fatal(err)
		}
		change(&c)
		s, _ := c.Signature(k)
		jws, err := c.Compose(base64.RawURLEncoding.EncodeToString(public(k)), s)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Replace(lines[5], l.Countersignature.JWS, jws, 1)
	}
	aReceipt, err := receipt.Sign(key(1), receipt.Receipt{ID: "r1", Exam: "e1", Student: "s1"})
	if err != nil {
		t.Fatal(err)
	}
	jwsOf := func(line string) string {
		_, rest, _ := strings.Cut(line, `"jws":"`)
		jws, _, _ := strings.Cut(rest, `"`)
		return jws
	}
	flipped := []byte(lines[5])
	if at := strings.LastIndex(lines[5], ".") + 20; flipped[at] == 'A' {
		flipped[at] = 'B'
	} else {
		flipped[at] = 'A'
	}
	same := func(*receipt.Countersignature) {}
	for name, c := range map[string]struct {
		text   string
		want   Name
		line   int
		signed uint64 // what still holds
	}{
		"a byte flipped":                       {strings.Join(with(5, changed(5, `"sent":600`, `"sent":601`)), ""), LineChanged, 6, 3},
		"a byte flipped in the last line":      {strings.Join(with(10, changed(10, `"line":9`, `"line":8`)), ""), ClaimDiffers, 10, 7},
		"a cut in the middle":                  {strings.Join(slices.Concat(lines[:4], lines[6:]), ""), Missing, 5, 3},
		"two lines in another order":           {strings.Join(slices.Concat(lines[:4], []string{lines[5], lines[4]}, lines[6:]), ""), Missing, 5, 3},
		"a line twice":                         {strings.Join(with(5, lines[4], lines[4]), ""), Misplaced, 6, 3},
		"signed with another key":              {rechainFrom(t, 6, with(6, resigned(same, key(9)))), OtherKey, 6, 3},
		"a byte of a signature flipped":        {rechainFrom(t, 6, with(6, string(flipped))), CountersignatureChanged, 6, 3},
		"another student's countersignature":   {rechainFrom(t, 6, with(6, other[5])), OtherStudent, 6, 3},
		"another exam's countersignature":      {rechainFrom(t, 6, with(6, resigned(func(c *receipt.Countersignature) { c.Exam = "e2" }, key(1)))), OtherExam, 6, 3},
		"another join token's":                 {rechainFrom(t, 6, with(6, resigned(func(c *receipt.Countersignature) { c.Token = "t9" }, key(1)))), OtherToken, 6, 3},
		"a session that the record lacks":      {rechainFrom(t, 6, with(6, resigned(func(c *receipt.Countersignature) { c.Session = "x9" }, key(1)))), OtherSession, 6, 3},
		"a claim changed, the chain made anew": {rechainFrom(t, 5, with(5, changed(5, `"sent":600`, `"sent":601`))), LineChanged, 6, 3},
		"a countersignature removed":           {strings.Join(with(6), ""), Missing, 6, 3},
		"a countersignature moved":             {rechainFrom(t, 3, slices.Concat(lines[:2], lines[3:4], lines[2:3], lines[4:])), CountersignatureMoved, 3, 0},
		"two records spliced":                  {rechainFrom(t, 5, slices.Concat(lines[:4], later.lines()[4:])), OtherRecord, 6, 3},
		"a receipt as a countersignature":      {rechainFrom(t, 6, with(6, strings.Replace(lines[5], jwsOf(lines[5]), aReceipt, 1))), NotCountersignature, 6, 3},
		"what the line says changed":           {rechainFrom(t, 6, with(6, changed(6, `"line":5`, `"line":3`))), ClaimDiffers, 6, 3},
		"an old countersignature again":        {rechainFrom(t, 9, with(8, lines[7], lines[3])), CountersignatureMoved, 9, 7},
		"a line added at the end":              {strings.Join(append(slices.Clone(lines), "\n{}\n"), ""), Unreadable, 11, 9},
		"nonsense in the middle":               {strings.Join(with(5, "nonsense\n"), ""), Unreadable, 5, 3},
	} {
		p := read(t, c.text, receipt.Expected{Token: "t-s1"})
		if p.Outcome != Broken || len(p.Problems) == 0 {
			t.Errorf("%s: %s", name, p.Outcome)
			continue
		}
		signed := uint64(0)
		if p.Signed != nil {
			signed = p.Signed.Line
		}
		if got := p.Problems[0]; got.Name != c.want || got.Line != c.line || signed != c.signed {
			t.Errorf("%s: line %d, %s: %s; signed up to %d; want line %d, %s and %d", name, got.Line, got.Name, got.Words, signed, c.line, c.want, c.signed)
		}
	}
}

// rechainFrom makes the chain anew from a line on, with the lines before as they are.
func rechainFrom(t *testing.T, from int, lines []string) string {
	t.Helper()
	var out strings.Builder
	prev := record.Hash{}
	for i, l := range lines {
		l = strings.TrimSuffix(l, "\n")
		if i+1 >= from {
			_, rest, ok := strings.Cut(l, `,"type":`)
			t0, _, ok2 := strings.Cut(l, `,"seq":`)
			if !ok || !ok2 {
				t.Fatalf("%s", l)
			}
			l = fmt.Sprintf(`%s,"seq":%d,"prev":"%s","type":%s`, t0, i+1, prev, rest)
		}
		prev = sha256.Sum256([]byte(l))
		out.WriteString(l + "\n")
	}
	return out.String()
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
