package wire

import (
	"bufio"
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"iter"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the test vectors anew, here and in PROTOCOL.md")

const (
	vectorsFile  = "testdata/vectors.txt"
	protocolFile = "PROTOCOL.md"
	vectorsBegin = "<!-- vectors -->\n```text\n"
	vectorsEnd   = "```\n<!-- end of vectors -->\n"
)

const vectorFlow FlowID = 0x5ca1ab1e

// sample is one packet of the test vectors.
type sample struct {
	name   string
	header Header
	body   []byte
	size   int
}

func samples() []sample {
	return []sample{
		{"probe", Header{KindProbe, vectorFlow, 258}, AppendProbe(nil, Probe{Sent: 25_700_000_000, EchoCount: 255, EchoHighest: 257, Unsent: 1}), 64},
		{"echo", Header{KindEcho, vectorFlow, 258}, AppendEcho(nil, Echo{Received: -1_000_000, Sent: 23_000, Earlier: 31_000, Count: 257, Window: 1<<64 - 3}), 64},
		{"train", Header{KindTrain, vectorFlow, 4}, AppendTrain(nil, TrainPacket{Train: 3, Index: 259, Sent: 26_000_000_000, Stage: StageHold}), 96},
		{"end", Header{KindTrain, vectorFlow, 93}, AppendTrainEnd(nil, TrainPacket{Train: 3, Index: 348, Sent: 26_500_000_000, Stage: StageEnd}, TrainEnd{Packets: 348, Unsent: 1, Skipped: 12 * time.Millisecond, Held: []Held{{Index: 41, By: 2500 * time.Microsecond}}}), TrainEndSize(1)},
		{"feedback", Header{KindFeedback, vectorFlow, 2}, AppendFeedback(nil, Feedback{Train: 3, Received: 250, Highest: 260, Rise: 31_250, Rate: 768_000, Command: CommandHold}), 64},
		{"size", Header{KindSize, vectorFlow, 1}, AppendSize(nil), 96},
	}
}

// sampleToken is an exam from 09:00 to 16:50 in Denver's winter.
var sampleToken = JoinToken{
	ID: "t1", Exam: "msds-5001", Student: "s-0017", Servers: []string{"exam.example.edu:8443"},
	Fingerprint: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", NotBefore: 1_795_000_000, Expires: 1_796_169_000,
	Starts: 1_796_054_400, Ends: 1_796_082_600, Zone: "America/Denver",
}

// vectors returns the test vectors in the form of vectors.txt and PROTOCOL.md.
func vectors(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	line := func(name string, v any) {
		if raw, ok := v.([]byte); ok {
			v = hex.EncodeToString(raw)
		}
		fmt.Fprintf(&b, "%s = %s\n", name, v)
	}
	c := newCipher(t, testKey)
	line("key", testKey)
	line("exporter.context", ExporterContext(vectorFlow))
	for _, s := range samples() {
		line(s.name+".header", AppendHeader(nil, s.header))
		line(s.name+".nonce", c.nonceOf(s.header))
		line(s.name+".body", s.body)
		line(s.name+".packet", seal(t, c, s.header, s.body, s.size))
	}
	for _, m := range examples() {
		line("message."+string(m.Type), string(written(t, m)[4:]))
	}
	for name, v := range countersignature(t) {
		line("countersignature."+name, v)
	}
	line("frame", written(t, Message{Type: TypeCount, ID: 4}))
	claims, err := json.Marshal(sampleToken)
	if err != nil {
		t.Fatal(err)
	}
	line("token.claims", string(claims))
	return b.String()
}

// headExample is a report with the head of a record, and its answer without the signature.
func headExample() (report, answer Message) {
	h := Head{Record: sha256.Sum256([]byte("first")), Line: 812, Hash: sha256.Sum256([]byte("last"))}
	at := time.Date(2026, 11, 30, 16, 41, 0, 250e6, time.UTC)
	seen := json.RawMessage(`{"server":"1.0.0","transport":"udp","state":"live","probes":36012,"first":"2026-11-30T15:41:00Z","last":"2026-11-30T16:40:59.98Z"}`)
	report = Message{Type: TypeReport, ID: 6, Report: &Report{Origin: "k7f392ab", Number: 13, At: at, Kind: ReportHead, Head: &h}}
	return report, Message{Type: TypeReported, ID: 6, Reported: &Reported{Number: 13, Head: &Countersigned{At: at, Seen: seen}}}
}

// countersignature returns the vectors of a countersignature, made by the text of
// PROTOCOL.md alone.
func countersignature(t *testing.T) iter.Seq2[string, any] {
	t.Helper()
	report, answer := headExample()
	h, c := report.Report.Head, answer.Reported.Head
	seed := make([]byte, ed25519.SeedSize)
	for i := range seed {
		seed[i] = byte(i)
	}
	key := ed25519.NewKeyFromSeed(seed)
	b64 := base64.RawURLEncoding.EncodeToString
	x := b64(key.Public().(ed25519.PublicKey))
	thumb := sha256.Sum256([]byte(`{"crv":"Ed25519","kty":"OKP","x":"` + x + `"}`))
	header := `{"alg":"EdDSA","kid":"` + b64(thumb[:]) + `","typ":"examlink-record+jws"}`
	content := fmt.Sprintf(`{"schema":"examlink.countersignature/1","exam":%q,"student":%q,"token":%q,"session":"s1","record":"%x","line":%d,"hash":"%x","at":%q,"seen":%s}`,
		sampleToken.Exam, sampleToken.Student, sampleToken.ID, h.Record[:], h.Line, h.Hash[:], "2026-11-30T16:41:00.25Z", c.Seen)
	signed := b64([]byte(header)) + "." + b64([]byte(content))
	c.Signature = b64(ed25519.Sign(key, []byte(signed)))
	return func(yield func(string, any) bool) {
		_ = yield("seed", seed) && yield("head_key", x) && yield("report", string(written(t, report)[4:])) &&
			yield("reported", string(written(t, answer)[4:])) && yield("content", content) && yield("jws", signed+"."+c.Signature)
	}
}

func TestVectors(t *testing.T) {
	made := vectors(t)
	doc, err := os.ReadFile(protocolFile)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(doc), vectorsBegin)
	quoted, after, ends := strings.Cut(rest, vectorsEnd)
	if !begins || !ends {
		t.Fatalf("%s has no place for the vectors", protocolFile)
	}
	if *update {
		if err := os.WriteFile(vectorsFile, []byte(made), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(protocolFile, []byte(before+vectorsBegin+made+vectorsEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	kept, err := os.ReadFile(vectorsFile)
	if err != nil {
		t.Fatal(err)
	}
	differ(t, vectorsFile, string(kept), made)
	differ(t, protocolFile, quoted, string(kept))
}

// differ reports the first line in which two texts differ.
func differ(t *testing.T, name, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range w {
		if i >= len(g) || g[i] != w[i] {
			t.Fatalf("%s, vector line %d:\n%s\nwant:\n%s", name, i+1, strings.Join(g[min(i, len(g)):min(i+1, len(g))], ""), w[i])
		}
	}
	t.Fatalf("%s has %d vector lines, want %d", name, len(g), len(w))
}

// readVectors returns the values of vectors.txt by their names.
func readVectors(t *testing.T) map[string]string {
	t.Helper()
	b, err := os.ReadFile(vectorsFile)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
		name, value, ok := strings.Cut(s.Text(), " = ")
		if !ok {
			t.Fatalf("%q, expected name = value", s.Text())
		}
		out[name] = value
	}
	return out
}

// The vectors are opened using only PROTOCOL.md: offsets, nonce and AEAD are
// written out here again, without this package's code.
func TestVectorsFollowTheText(t *testing.T) {
	v := readVectors(t)
	raw := func(name string) []byte {
		b, err := hex.DecodeString(v[name])
		if err != nil || len(b) == 0 {
			t.Fatalf("%s = %q: expected hex", name, v[name])
		}
		return b
	}
	u32, u64 := binary.BigEndian.Uint32, binary.BigEndian.Uint64
	open := func(name string, kind byte, size int) []byte {
		p := raw(name + ".packet")
		if len(p) != size || p[0] != kind || p[1] != 2 || p[2] != 0 || p[3] != 0 || u32(p[4:]) != 0x5ca1ab1e {
			t.Fatalf("%s.packet: %d bytes, header %x", name, len(p), p[:16])
		}
		block, err := aes.NewCipher(raw("key"))
		if err != nil {
			t.Fatal(err)
		}
		gcm, err := cipher.NewGCM(block)
		if err != nil {
			t.Fatal(err)
		}
		nonce := append([]byte{kind, 0, 0, 0}, p[8:16]...)
		body, err := gcm.Open(nil, nonce, p[16:], p[:16])
		if err != nil {
			t.Fatalf("%s.packet: %v", name, err)
		}
		if !bytes.Equal(nonce, raw(name+".nonce")) || !bytes.Equal(p[:16], raw(name+".header")) || !bytes.Equal(body[:32], raw(name+".body")) {
			t.Fatalf("%s: nonce %x, header %x, body %x", name, nonce, p[:16], body)
		}
		if !bytes.Equal(body[32:], make([]byte, size-64)) {
			t.Fatalf("%s: padding %x", name, body[32:])
		}
		return body
	}
	if b := open("probe", 4, 64); u64(b) != 25_700_000_000 || u64(b[8:]) != 255 || u64(b[16:]) != 257 || u64(b[24:]) != 1 {
		t.Errorf("probe %x", b)
	}
	if b := open("echo", 5, 64); int64(u64(b)) != -1_000_000 || u32(b[8:]) != 1_023_000 || u32(b[12:]) != 31_000 || u64(b[16:]) != 257 || u64(b[24:]) != 0xfffffffffffffffd {
		t.Errorf("echo %x", b)
	}
	if b := open("train", 6, 96); u32(b) != 3 || u32(b[4:]) != 259 || u64(b[8:]) != 26_000_000_000 || b[16] != 2 || !bytes.Equal(b[17:], make([]byte, 47)) {
		t.Errorf("train %x", b)
	}
	if b := open("feedback", 7, 64); u32(b) != 3 || u32(b[4:]) != 250 || u32(b[8:]) != 260 || u32(b[12:]) != 31_250 || u64(b[16:]) != 768_000 || b[24] != 2 || !bytes.Equal(b[25:], make([]byte, 7)) {
		t.Errorf("feedback %x", b)
	}
	if b := raw("frame"); int(u32(b)) != len(b)-4 || string(b[4:]) != `{"v":2,"type":"count","id":4}` {
		t.Errorf("frame %q", b)
	}
	token, err := ReadJoinToken(joinToken(v["token.claims"]))
	if err != nil || !reflect.DeepEqual(token, sampleToken) {
		t.Errorf("token %+v, %v, want %+v", token, err, sampleToken)
	}
	denver, err := time.LoadLocation(token.Zone)
	if err != nil {
		t.Fatal(err)
	}
	const form = "2006-01-02T15:04 MST"
	if from, to := time.Unix(token.Starts, 0).In(denver).Format(form), time.Unix(token.Ends, 0).In(denver).Format(form); from != "2026-11-30T09:00 MST" || to != "2026-11-30T16:50 MST" {
		t.Errorf("the token's exam is from %s to %s", from, to)
	}
	for _, m := range examples() {
		m.Version = ControlVersion
		got, err := ParseMessage([]byte(v["message."+string(m.Type)]))
		if err != nil || !reflect.DeepEqual(got, m) {
			t.Errorf("message.%s: %+v, %v, want %+v", m.Type, got, err, m)
		}
	}
}

// section returns the text below a heading of PROTOCOL.md.
func section(t *testing.T, doc, heading string) string {
	t.Helper()
	_, rest, ok := strings.Cut(doc, "\n"+heading+"\n")
	if !ok {
		t.Fatalf("%s has no heading %q", protocolFile, heading)
	}
	level := heading[:strings.IndexByte(heading, ' ')]
	for i, l := range strings.Split(rest, "\n") {
		if h, _, ok := strings.Cut(l, " "); ok && strings.HasPrefix(h, "##") && strings.Trim(h, "#") == "" && len(h) <= len(level) {
			return strings.Join(strings.Split(rest, "\n")[:i], "\n")
		}
	}
	return rest
}

// PROTOCOL.md names every field, message type, refusal and constant.
func TestProtocolNamesEverything(t *testing.T) {
	b, err := os.ReadFile(protocolFile)
	if err != nil {
		t.Fatal(err)
	}
	doc := string(b)
	for _, c := range []struct {
		heading string
		fields  any
	}{
		{"### Envelope", Message{}},
		{"### hello", Hello{}},
		{"### welcome", Welcome{}},
		{"### welcome", Grant{}},
		{"### refused", Refused{}},
		{"### train-request", TrainRequest{}},
		{"### train-report", TrainReport{}},
		{"### count", Count{}},
		{"### goodput", Goodput{}},
		{"### report", Report{}},
		{"### report", Dropped{}},
		{"### report", Head{}},
		{"### reported", Reported{}},
		{"### reported", Countersigned{}},
		{"### reported", Seen{}},
		{"### bye", Bye{}},
		{"### arrivals", Arrivals{}},
		{"### progress", Progress{}},
		{"### watched", Watched{}},
		{"### present", Present{}},
		{"### equipment", Equipment{}},
		{"### rehearse", Rehearse{}},
		{"### rehearse", RehearsalStream{}},
		{"### rehearsal", Rehearsal{}},
		{"## 9. Join token", JoinToken{}},
	} {
		text := section(t, doc, c.heading)
		for _, f := range reflect.VisibleFields(reflect.TypeOf(c.fields)) {
			tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if tag == "" || !strings.Contains(text, "\n| `"+tag+"` |") {
				t.Errorf("%q has no row for %q (%T.%s)", c.heading, tag, c.fields, f.Name)
			}
		}
	}
	for _, m := range examples() {
		section(t, doc, "### "+string(m.Type))
	}
	for _, r := range []Refusal{RefusedToken, RefusedVersion, RefusedFull, RefusedLimit, RefusedBudget, RefusedBusy, RefusedRequest, RefusedShutdown} {
		if !strings.Contains(section(t, doc, "### refused"), "\n| `"+string(r)+"` |") {
			t.Errorf("refusal %q is not explained", r)
		}
	}
	for _, k := range ReportKinds() {
		if !strings.Contains(section(t, doc, "### report"), "\n| `"+string(k)+"` |") {
			t.Errorf("the kind %q of reports is not explained", k)
		}
	}
	limits := section(t, doc, "## 11. Limits")
	for name, v := range map[string]int{
		"smallest probe packet": MinPacketSize, "largest probe packet": MaxPacketSize, "header": HeaderSize, "body without padding": bodySize,
		"tag": TagSize, "key": KeySize, "replay window": windowSize, "control message": MaxMessage,
		"contents of a report": MaxReport, "origin of a report": MaxOrigin, "offer of a rehearsal": MaxOffer,
	} {
		if row := fmt.Sprintf("\n| %s | %d ", name, v); !strings.Contains(limits, row) {
			t.Errorf("the limits have no row %q", row)
		}
	}
	for _, s := range []string{ALPN, ExporterLabel} {
		if !strings.Contains(doc, "`"+s+"`") {
			t.Errorf("%s does not name %q", protocolFile, s)
		}
	}
}
