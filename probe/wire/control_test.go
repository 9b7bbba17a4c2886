package wire

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

// examples holds one message of each type, every field set.
func examples() []Message {
	rate, low, high := 768e3, 761.5e3, 774.5e3
	return []Message{
		{Type: TypeHello, ID: 1, Hello: &Hello{
			Token: "eyJhbGciOiJFZERTQSJ9.e30.AAAA", Client: "1.0.0", System: "linux/amd64", Purpose: "watch", Resume: "s1.AAAA",
		}},
		{Type: TypeWelcome, ID: 1, Welcome: &Welcome{
			Session: "s1", Resume: "s1.AAAA", Resumed: true, Server: "1.0.0",
			Time: time.Date(2026, 5, 4, 9, 0, 0, 250e6, time.UTC), Exam: "msds-5001", Flow: 0x5ca1ab1e,
			Grant: Grant{ProbeRate: 200, TrainBytes: 512e6, TrainBitRate: 1e9},
		}},
		{Type: TypeRefused, ID: 2, Refused: &Refused{Reason: RefusedBusy, Detail: "a train of this session is running"}},
		{Type: TypeTrainRequest, ID: 3, TrainRequest: &TrainRequest{
			Train: 1, Direction: Down, PrimeRate: 6.144e6, PrimeBytes: 100e3, HoldRate: 768e3, HoldTime: 250 * time.Millisecond,
			MaxBytes: 160e3, PacketSize: 1200, StopRise: 30 * time.Millisecond, Target: 768e3,
		}},
		{Type: TypeTrainReady, ID: 3},
		{Type: TypeTrainReport, ID: 3, TrainReport: &TrainReport{
			Train: 1, Direction: Up, Sent: 90, Received: 88, Bytes: 108064, Duration: 412 * time.Millisecond,
			Rate: &rate, Low: &low, High: &high, StdErr: 0.0043, Rise: 61 * time.Millisecond, Busy: 54, Outcome: "estimate",
		}},
		{Type: TypeCount, ID: 4, Count: &Count{Received: 1000, Highest: 1004, Duplicates: 1, Reordered: 2, Dropped: 3}},
		{Type: TypeGoodput, ID: 5, Goodput: &Goodput{Direction: Up, Bytes: 480_000, Duration: 2 * time.Second}},
		{Type: TypeReport, ID: 5, Report: &Report{
			Origin: "k7f392ab", Number: 12,
			At: time.Date(2026, 5, 4, 9, 1, 0, 0, time.UTC), Kind: "minute", Contents: json.RawMessage(`{"lost":0}`),
		}},
		{Type: TypeReported, ID: 5, Reported: &Reported{Number: 12}},
		{Type: TypeBye, Bye: &Bye{Reason: "done"}},
	}
}

// frame prepends its length to a body.
func frame(body string) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
}

func written(t testing.TB, m Message) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteMessage(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWriteThenRead(t *testing.T) {
	var stream bytes.Buffer
	for _, m := range examples() {
		stream.Write(written(t, m))
	}
	for _, want := range examples() {
		want.Version = ControlVersion
		got, err := ReadMessage(&stream)
		if err != nil {
			t.Fatalf("%s: %v", want.Type, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s came back as %+v, want %+v", want.Type, got, want)
		}
	}
	if _, err := ReadMessage(&stream); !errors.Is(err, io.EOF) {
		t.Errorf("after the last message: %v, want EOF", err)
	}
}

// An unknown number is null, not 0 and not absent.
func TestTrainReportUnknownNumbers(t *testing.T) {
	b := written(t, Message{Type: TypeTrainReport, TrainReport: &TrainReport{Train: 1, Direction: Up, Outcome: "too-few-packets"}})
	for _, want := range []string{`"rate":null`, `"low":null`, `"high":null`} {
		if !bytes.Contains(b, []byte(want)) {
			t.Errorf("%s: no %s", b[4:], want)
		}
	}
	m, err := ReadMessage(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if r := m.TrainReport; r.Rate != nil || r.Low != nil || r.High != nil {
		t.Errorf("null became %v, %v, %v", r.Rate, r.Low, r.High)
	}
}

func TestWriteMessageSetsTheVersion(t *testing.T) {
	b := written(t, Message{Version: 7, Type: TypeTrainReady})
	if want := frame(`{"v":2,"type":"train-ready"}`); !bytes.Equal(b, want) {
		t.Errorf("wrote %q, want %q", b, want)
	}
}

func TestParseMessageRefusesIncomplete(t *testing.T) {
	alone := map[MessageType]bool{TypeTrainReady: true, TypeCount: true}
	for _, m := range examples() {
		_, err := ParseMessage(fmt.Appendf(nil, `{"v":2,"type":%q,"id":5}`, m.Type))
		if (err == nil) != alone[m.Type] {
			t.Errorf("%s without contents: %v, expected to pass: %v", m.Type, err, alone[m.Type])
		}
		_, err = ParseMessage(fmt.Appendf(nil, `{"v":2,"type":%q,%q:null}`, m.Type, strings.ReplaceAll(string(m.Type), "-", "_")))
		if (err == nil) != alone[m.Type] {
			t.Errorf("%s with null: %v, expected to pass: %v", m.Type, err, alone[m.Type])
		}
		// The contents of other types do not replace its own.
		for _, other := range examples() {
			if other.Type == m.Type || alone[m.Type] {
				continue
			}
			other.Type = m.Type
			if got, err := ParseMessage(written(t, other)[4:]); err == nil {
				t.Errorf("%s with the contents of another type: %+v", m.Type, got)
			}
		}
	}
}

func TestParseMessageRefuses(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"no JSON", `hello`, "control message"},
		{"nothing", ``, "control message"},
		{"an array", `[]`, "control message"},
		{"two values", `{"v":2,"type":"count"}{}`, "control message"},
		{"cut off", `{"v":2,"type":"count"`, "control message"},
		{"no version", `{"type":"count"}`, "version 0, expected 2"},
		{"version 0", `{"v":0,"type":"count"}`, "version 0, expected 2"},
		{"version 1", `{"v":1,"type":"count"}`, "version 1, expected 2"},
		{"no type", `{"v":2}`, `type ""`},
		{"unknown type", `{"v":2,"type":"dance"}`, `type "dance"`},
		{"a type of other case", `{"v":2,"type":"Count"}`, `type "Count"`},
		{"null", `null`, "version 0"},
		{"a negative id", `{"v":2,"type":"count","id":-1}`, "control message"},
		{"a fraction of a byte", `{"v":2,"type":"train-request","train_request":{"max_bytes":0.5}}`, "control message"},
		{"a flow of 33 bits", `{"v":2,"type":"welcome","welcome":{"flow":4294967296}}`, "control message"},
		{"no date", `{"v":2,"type":"welcome","welcome":{"time":"today"}}`, "control message"},
	} {
		m, err := ParseMessage([]byte(c.body))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if !reflect.DeepEqual(m, Message{}) {
			t.Errorf("%s: refused, and yet %+v", c.name, m)
		}
	}
}

func TestUnknownFieldsAreIgnored(t *testing.T) {
	m, err := ParseMessage([]byte(`{"v":2,"type":"bye","bye":{"reason":"done","mood":"good"},"later":[1]}`))
	if err != nil || m.Bye.Reason != "done" {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestReadMessageTruncated(t *testing.T) {
	whole := written(t, Message{Type: TypeBye, Bye: &Bye{Reason: "done"}})
	for n := range whole {
		want := io.ErrUnexpectedEOF
		if n == 0 {
			want = io.EOF
		}
		if _, err := ReadMessage(bytes.NewReader(whole[:n])); !errors.Is(err, want) {
			t.Errorf("%d of %d bytes: %v, want %v", n, len(whole), err, want)
		}
	}
}

// noReader fails the test if anything after the length is read.
type noReader struct{ t *testing.T }

func (r noReader) Read([]byte) (int, error) {
	r.t.Error("read on behind a length that is refused")
	return 0, io.EOF
}

func TestReadMessageSizes(t *testing.T) {
	for _, n := range []uint32{0, MaxMessage + 1, 1 << 24, math.MaxUint32} {
		size := binary.BigEndian.AppendUint32(nil, n)
		if _, err := ReadMessage(io.MultiReader(bytes.NewReader(size), noReader{t})); err == nil || !strings.Contains(err.Error(), "expected 1 to 65536") {
			t.Errorf("length %d: %v", n, err)
		}
	}
	body := `{"v":2,"type":"count"}`
	for _, n := range []int{len(body), MaxMessage} {
		r := bytes.NewReader(frame(body + strings.Repeat(" ", n-len(body))))
		if m, err := ReadMessage(r); err != nil || m.Type != TypeCount || r.Len() != 0 {
			t.Errorf("%d bytes: %+v, %v, %d bytes left", n, m, err, r.Len())
		}
	}
}

func TestWriteMessageSizes(t *testing.T) {
	empty := len(written(t, Message{Type: TypeBye, Bye: &Bye{}})) - 4
	var b bytes.Buffer
	if err := WriteMessage(&b, Message{Type: TypeBye, Bye: &Bye{Reason: strings.Repeat("x", MaxMessage-empty)}}); err != nil || b.Len() != 4+MaxMessage {
		t.Errorf("the largest message: %d bytes, %v", b.Len(), err)
	}
	b.Reset()
	if err := WriteMessage(&b, Message{Type: TypeBye, Bye: &Bye{Reason: strings.Repeat("x", MaxMessage-empty+1)}}); err == nil || b.Len() != 0 {
		t.Errorf("one byte more: wrote %d bytes, %v", b.Len(), err)
	}
}

func TestWriteMessageErrors(t *testing.T) {
	var b bytes.Buffer
	if err := WriteMessage(&b, Message{Type: TypeTrainReport, TrainReport: &TrainReport{StdErr: math.NaN()}}); err == nil || b.Len() != 0 {
		t.Errorf("NaN: wrote %d bytes, %v", b.Len(), err)
	}
	broken := errors.New("broken")
	r, w := io.Pipe()
	r.CloseWithError(broken)
	if err := WriteMessage(w, Message{Type: TypeCount}); !errors.Is(err, broken) {
		t.Errorf("a broken stream: %v, want %v", err, broken)
	}
}

func FuzzReadMessage(f *testing.F) {
	for _, m := range examples() {
		f.Add(written(f, m))
	}
	f.Add(frame(`{"v":2,"type":"count","count":null}`))
	f.Add(frame(`{"v":2,"type":"report","report":{"at":"2026-02-29T24:00:00Z","contents":[[[["\ud800"]]]]}}`))
	f.Add(frame(`{"v":2,"type":"bye","bye":{}}`))
	f.Add([]byte{0, 0, 0, 0})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, '{'})
	f.Add([]byte{0, 0, 0, 9, '{'})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		m, err := ReadMessage(r)
		if err != nil {
			if errors.Is(err, io.EOF) != (len(b) == 0) {
				t.Fatalf("%d bytes: %v", len(b), err)
			}
			return
		}
		if used, said := len(b)-r.Len(), 4+int(binary.BigEndian.Uint32(b)); used != said {
			t.Fatalf("read %d bytes of a message of %d", used, said)
		}
		// JSON has many spellings, ours has one: reading and writing it again changes
		// nothing.
		var first, second bytes.Buffer
		if err := WriteMessage(&first, m); err != nil {
			if len(b) > MaxMessage/6 { // escapes can make it up to six times as long
				return
			}
			t.Fatalf("cannot write what was read: %v", err)
		}
		again, err := ReadMessage(bytes.NewReader(first.Bytes()))
		if err != nil {
			t.Fatalf("cannot read %q: %v", first.Bytes(), err)
		}
		if err := WriteMessage(&second, again); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Fatalf("%q became %q, %v", first.Bytes(), second.Bytes(), err)
		}
	})
}
