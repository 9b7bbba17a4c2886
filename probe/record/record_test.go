package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"examlink/probe/warning"
	"examlink/probe/wire"
)

var (
	zone  = time.FixedZone("", 2*3600)
	began = time.Date(2026, 3, 9, 9, 0, 0, 0, zone)
	start = Start{
		Client: "1.2.3", System: "linux/amd64", Exam: "msds-5001", Server: "exam.example.edu:8443", Started: At(began), Zone: "CEST",
		Policy: Policy{Name: "default", Version: "1", Minimum: Rates{768e3, 384e3}, Recommended: Rates{1.5e6, 1e6}},
	}
)

func ptr(v float64) *float64 { return &v }

func minuteAt(from time.Time) Minute {
	return Minute{From: At(from), To: At(from.Add(time.Minute)), Sent: 600, Received: 598, LostUp: 2, RoundTrip: ptr(0.031), BytesUp: 55200}
}

// open opens a record that the test closes.
func open(t *testing.T, name string, at time.Time, o Options) *Writer {
	t.Helper()
	w, err := Open(name, start, at, o)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// kill leaves a record as a killed client does: without further writes.
func (w *Writer) kill() {
	w.sync.end()
	_ = w.f.Close()
	_ = w.live.f.Close()
}

func appendAll(t *testing.T, w *Writer, at time.Time, entries ...Entry) {
	t.Helper()
	for _, e := range entries {
		if err := w.Append(at, e); err != nil {
			t.Fatal(err)
		}
	}
}

func whole(t *testing.T, name string) *Record {
	t.Helper()
	r, err := Load(name)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Chain.Whole() || len(r.Bad) > 0 || r.Chain.Torn > 0 || r.Chain.Lines != len(r.Lines) {
		t.Fatalf("not whole: %+v %v", r.Chain, r.Bad)
	}
	return r
}

func types(r *Record) string {
	var out []string
	for _, l := range r.Lines {
		out = append(out, string(l.Type))
	}
	return strings.Join(out, " ")
}

func TestUnknownValuesAreAbsent(t *testing.T) {
	b, err := json.Marshal(Line{Type: TypeMinute, Minute: &Minute{From: At(began), To: At(began)}})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"t":"0001-01-01T00:00:00.000Z","seq":0,"prev":"` + strings.Repeat("0", 64) + `","type":"minute","minute":{` +
		`"from":"2026-03-09T09:00:00.000+02:00","to":"2026-03-09T09:00:00.000+02:00","sent":0,"received":0,"lost_up":0,"lost_down":0,` +
		`"lost_unknown":0,"unsent":0,"duplicates_down":0,"bytes_up":0,"bytes_down":0}}`
	if string(b) != want {
		t.Errorf("%s\nwant\n%s", b, want)
	}
}

func TestReadingKeepsTheWorst(t *testing.T) {
	var r *Reading
	for _, f := range []Floor{
		{Outcome: "meets", Low: ptr(6e6)}, {Outcome: "meets", Low: ptr(5e6)}, {Outcome: "inconclusive"},
		{Outcome: "below", Rate: ptr(5e5), Low: ptr(4e5)}, {Outcome: "meets", Rate: ptr(9e5), Low: ptr(8e5)},
	} {
		r = r.Add(f)
	}
	if r.Tests != 5 || r.Below != 1 || *r.Rate != 5e5 || *r.Low != 5e6 {
		t.Errorf("%+v, rate %v, low %v", r, *r.Rate, *r.Low)
	}
}

// randomEntry returns a random entry, with any of its values unknown.
func randomEntry(rng *rand.Rand) Entry {
	at := func() Time { return At(began.Add(time.Duration(rng.Int64N(int64(3 * time.Hour))))) }
	some := func() *float64 {
		if rng.IntN(3) == 0 {
			return nil
		}
		return ptr(rng.NormFloat64())
	}
	text := func() string {
		return []string{"", "plain", "line\nfeed", `"<script>&'`, "dénoué 終", "\u2028\x00"}[rng.IntN(6)]
	}
	switch rng.IntN(8) {
	case 0:
		return start
	case 1:
		return Minute{
			From: at(), To: at(), Sent: rng.Uint64(), LostDown: rng.Uint64(), RoundTrip: some(), RoundTrip99: some(), OneWayUp: some(),
			PDVDown: some(), FloorDown: &Reading{Tests: rng.IntN(9), Rate: some(), Low: some()}, BytesUp: rng.Int64(), Folded: rng.IntN(2) == 0,
		}
	case 2:
		return Floor{Direction: wire.Down, Outcome: text(), Rate: some(), Low: some(), High: some(), Duration: rng.Float64(), Why: text()}
	case 3:
		return Warn(warning.Warning{Kind: warning.Loss, Start: at().Time, Raised: at().Time, End: at().Time, Cleared: at().Time, Evidence: text(), Episodes: 1})
	case 4:
		return Gap{From: at(), To: at(), Cause: Causes()[rng.IntN(len(Causes()))], Words: text()}
	case 5:
		return Session{State: text(), Words: text()}
	case 6:
		return Note{About: text(), Words: text()}
	}
	return End{Why: EndReason(text())}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	for seed := range uint64(30) {
		rng := rand.New(rand.NewPCG(seed, 0))
		name := filepath.Join(t.TempDir(), "r.jsonl")
		w := open(t, name, began, Options{})
		var want []Entry
		for range rng.IntN(200) {
			want = append(want, randomEntry(rng))
			if s, ok := want[len(want)-1].(Start); ok {
				s.Schema = Schema
				want[len(want)-1] = s
			}
			appendAll(t, w, began, want[len(want)-1])
		}
		head := w.Head()
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		r := whole(t, name)
		if len(r.Lines) != len(want)+1 || r.Chain.Head != head {
			t.Fatalf("seed %d: %d lines to %v, want %d to %v", seed, len(r.Lines), r.Chain.Head, len(want)+1, head)
		}
		for i, e := range want {
			got := r.Lines[i+1]
			l := Line{T: got.T, Seq: uint64(i + 2), Prev: got.Prev}
			e.put(&l)
			a, _ := json.Marshal(l)
			b, _ := json.Marshal(got)
			if !bytes.Equal(a, b) {
				t.Fatalf("seed %d, line %d:\n%s\nwant\n%s", seed, i+2, b, a)
			}
		}
	}
}

// exam writes a record of n minutes and returns its bytes.
func exam(t testing.TB, n int) []byte {
	name := filepath.Join(t.TempDir(), "r.jsonl")
	w, err := Open(name, start, began, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := w.Append(began.Add(time.Duration(i+1)*time.Minute), minuteAt(began.Add(time.Duration(i)*time.Minute))); err != nil {
			t.Fatal(err)
		}
	}
	_ = w.Append(began.Add(time.Duration(n)*time.Minute), End{Why: EndStopped})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestVerify(t *testing.T) {
	good := exam(t, 10)
	lines := bytes.SplitAfter(good, []byte("\n"))
	lines = lines[:len(lines)-1] // after the last line feed there is nothing
	join := func(l ...[]byte) []byte { return bytes.Join(l, nil) }
	without := join(append(append([][]byte{}, lines[:4]...), lines[5:]...)...)
	changed := bytes.Replace(good, []byte(`"sent":600`), []byte(`"sent":601`), 1)
	for name, c := range map[string]struct {
		data    []byte
		line    int // of the first break; 0: none
		problem string
		torn    int64
		ended   bool
	}{
		"good":            {good, 0, "", 0, true},
		"changed":         {changed, 3, "prev does not fit line 2", 0, true},
		"a line missing":  {without, 5, "seq 6, expected 5", 0, true},
		"a line twice":    {join(lines[0], lines[1], join(lines[1:]...)), 3, "seq 2, expected 3", 0, true},
		"torn":            {good[:len(good)-5], 0, "", int64(len(lines[11]) - 5), false},
		"not ended":       {join(lines[:11]...), 0, "", 0, false},
		"begins late":     {join(lines[1:]...), 1, `expected a record to begin with "start"`, 0, true},
		"not JSON":        {join(lines[0], []byte("nonsense\n"), join(lines[1:]...)), 2, "expected a line of JSON", 0, true},
		"empty line":      {join(lines[0], []byte("\n"), join(lines[1:]...)), 2, "expected a line of JSON", 0, true},
		"no type":         {join(lines[0], []byte("{}\n"), join(lines[1:]...)), 2, "no type, expected one", 0, true},
		"wrong type":      {join(lines[0], []byte(`{"type":"gap","note":{}}`+"\n")), 2, `expected it to hold "gap"`, 0, false},
		"two types":       {join(lines[0], []byte(`{"type":"gap","gap":{},"note":{}}`+"\n")), 2, `holds "note"`, 0, false},
		"too long":        {join(lines[0], bytes.Repeat([]byte("x"), 3*MaxLine), []byte("\n"), join(lines[1:]...)), 2, "expected at most 65536", 0, true},
		"zeros at end":    {join(good, make([]byte, 3*MaxLine)), 0, "", 3 * MaxLine, true},
		"another schema":  {bytes.Replace(good, []byte(Schema), []byte("examlink.record/9"), 1), 1, `expected "examlink.record/1"`, 0, true},
		"hash of 2 bytes": {bytes.Replace(good, []byte(strings.Repeat("0", 64)), []byte("0000"), 1), 1, "expected 64 in hex", 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			c2, err := Verify(bytes.NewReader(c.data), "r.jsonl")
			if err != nil {
				t.Fatal(err)
			}
			if c2.Torn != c.torn || c2.Ended != c.ended || c2.Whole() != (c.line == 0) {
				t.Errorf("%+v", c2)
			}
			if c.line == 0 {
				return
			}
			if b := c2.Break; b == nil || b.Line != c.line || !strings.Contains(b.Error(), c.problem) || !strings.HasPrefix(b.Error(), fmt.Sprintf("r.jsonl:%d: ", c.line)) {
				t.Errorf("break %v, want line %d: %s", b, c.line, c.problem)
			}
		})
	}
}

func TestLaterTypesAreKept(t *testing.T) {
	first := bytes.TrimSuffix(exam(t, 0), []byte("\n"))
	first, _, _ = bytes.Cut(first, []byte("\n"))
	head := Head{}.next(first)
	l := fmt.Sprintf(`{"t":"2026-03-09T09:00:00+02:00","seq":2,"prev":"%s","type":"weather","weather":{"rain":true}}`, head.Hash)
	in := NewReader(strings.NewReader(string(first)+"\n"+l+"\n"), "r")
	for _, want := range []Type{TypeStart, "weather"} {
		if got, err := in.Next(); err != nil || got.Type != want {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	if _, err := in.Next(); !errors.Is(err, io.EOF) || !in.Chain().Whole() {
		t.Errorf("%v, %+v", err, in.Chain())
	}
}

func FuzzReader(f *testing.F) {
	good := exam(f, 3)
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add(bytes.ReplaceAll(good, []byte("600"), []byte("6e999")))
	f.Add([]byte("{}\n\n\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Verify(bytes.NewReader(data), "fuzz")
		if err != nil {
			t.Fatal(err)
		}
		if c.Bytes+c.Torn != int64(len(data)) || c.Lines != bytes.Count(data, []byte("\n")) {
			t.Fatalf("%+v of %d bytes", c, len(data))
		}
		if (c.Breaks == 0) != (c.Break == nil) || c.Whole() && c.Head.Seq != uint64(c.Lines) {
			t.Fatalf("%+v", c)
		}
	})
}
