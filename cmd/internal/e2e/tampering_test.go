//go:build linux

package e2e

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"examlink/probe/receipt"
)

// tampering is what tests change: a receipt and a record of students, and those of others.
type tampering struct {
	*testbed
	receipt, other      *candidate
	token, otherToken   string // of the receipt's student for the exam, and for another exam
	record, otherRecord string // files
	recordToken         string
}

// verify returns what "examlink verify" says about a text, and its exit code.
func (x tampering) verify(text string, args ...string) (string, int) {
	x.t.Helper()
	p := x.in(x.far, filepath.Join(bin, "examlink"), append([]string{"verify", "-"}, args...)...)
	p.Stdin = strings.NewReader(text)
	out, _ := p.CombinedOutput()
	return string(out), p.ProcessState.ExitCode()
}

func (x tampering) file(name, text string) string {
	x.t.Helper()
	name = filepath.Join(x.data, name)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		x.t.Fatal(err)
	}
	return name
}

func (x tampering) read(name string) string {
	x.t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		x.t.Fatal(err)
	}
	return string(b)
}

// tampered is a text that someone changed, or asks about with the wrong expectation.
type tampered struct {
	how, text string
	args      []string
	want      string // that verify says
}

func (x tampering) test(t *testing.T) {
	t.Helper()
	key := x.file("server.pub", x.must("keys", "public"))
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, ed25519.SeedSize))
	otherKey := x.file("other.pub", string(receipt.FormatKey(private.Public().(ed25519.PublicKey))))
	var cases []tampered
	for _, c := range append(x.receipts(), x.records()...) {
		if c.args = append(c.args, "--key", key); strings.HasPrefix(c.how, "another key") {
			c.args[len(c.args)-1] = otherKey
		}
		cases = append(cases, c)
	}
	for _, c := range cases {
		out, code := x.verify(c.text, c.args...)
		wantCode := 4
		if c.how == "nothing" {
			wantCode = 0
		}
		if words := strings.Join(strings.Fields(out), " "); code != wantCode || !strings.Contains(words, c.want) {
			t.Errorf("%s: exit %d, want %d and %q:\n%s", c.how, code, wantCode, c.want, out)
		} else {
			t.Logf("%s: %s", c.how, c.want)
		}
	}

	lines := slices.Collect(strings.Lines(x.read(x.record)))
	if out := x.must("records", "verify", x.record); !strings.HasPrefix(out, "Everything holds") {
		t.Errorf("records verify: %s", out)
	}
	cut := x.file("cut.jsonl", strings.Join(lines[:len(lines)-2], ""))
	if out, code := x.operator("records", "verify", cut); code != 4 || !strings.Contains(out, ", cut: ") {
		t.Errorf("a record's end cut: exit %d: %s", code, out)
	}
}

// receipts are ways to tamper with a receipt.
func (x tampering) receipts() []tampered {
	x.t.Helper()
	own, other := x.receipt.files(".receipt"), x.other.files(".receipt")
	if len(own) == 0 || len(other) == 0 {
		x.t.Fatalf("receipts: %q and %q", own, other)
	}
	text := strings.TrimSpace(x.read(own[len(own)-1]))
	parts, others := strings.Split(text, "."), strings.Split(strings.TrimSpace(x.read(other[len(other)-1])), ".")
	// changed changes the content behind a name in it.
	changed := func(after, old, now string) string {
		b, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err != nil {
			x.t.Fatal(err)
		}
		head, tail, ok := strings.Cut(string(b), after)
		if !ok || !strings.Contains(tail, old) {
			x.t.Fatalf("no %s behind %s: %s", old, after, b)
		}
		return parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(head+after+strings.Replace(tail, old, now, 1))) + "." + parts[2]
	}
	const wrong = "the signature does not match"
	return []tampered{
		{"nothing", text, []string{"--exam", "algebra", "--student", x.receipt.id, "--token", x.file("token", x.token)}, "Genuine"},
		{"a byte of a receipt flipped", flipped(text, len(parts[0])+40), nil, wrong},
		{"a receipt cut", text[:len(text)-8], nil, "not a whole signed statement"},
		{"a receipt's parts in another order", parts[1] + "." + parts[0] + "." + parts[2], nil, "not a whole signed statement"},
		{"another key for a receipt", text, nil, "signed with another key"},
		{"another exam's token for a receipt", text, []string{"--token", x.file("other-token", x.otherToken)}, "another receipt than expected: join token"},
		{"another student's receipt", text, []string{"--student", x.other.id}, fmt.Sprintf("student %q, expected %q", x.receipt.id, x.other.id)},
		{"the client's claim changed", changed(`"claimed":`, `"outcome":"ready"`, `"outcome":"marginal"`), nil, wrong},
		{"what the server saw changed", changed(`"seen":`, `"transport":"udp"`, `"transport":"tcp"`), nil, wrong},
		{"the outcome changed", changed(``, `"outcome":"ready"`, `"outcome":"marginal"`), nil, wrong},
		{"the signature of another receipt", parts[0] + "." + parts[1] + "." + others[2], nil, wrong},
	}
}

// flipped is a text with one character of base64 changed.
func flipped(text string, at int) string {
	b := []byte(text)
	if b[at]++; b[at] == '.' || b[at] > 'z' {
		b[at] = 'A'
	}
	return string(b)
}

// records are ways to tamper with a record. It has two countersignatures: of its first minute and of
// its end.
func (x tampering) records() []tampered {
	x.t.Helper()
	lines, others := slices.Collect(strings.Lines(x.read(x.record))), slices.Collect(strings.Lines(x.read(x.otherRecord)))
	signed := func(lines []string) int {
		i := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, `"type":"countersignature"`) })
		if i < 2 {
			x.t.Fatalf("no countersignature: %s", lines)
		}
		return i
	}
	i, j := signed(lines), signed(others)
	with := func(at int, now ...string) []string { return slices.Concat(lines[:at], now, lines[at+1:]) }
	text := func(lines []string) string { return strings.Join(lines, "") }
	claim := strings.Replace(lines[i-1], `"to":"2`, `"to":"3`, 1)
	saw := strings.LastIndex(lines[i], ".") - 60 // in the signed content
	return []tampered{
		{"nothing", text(lines), []string{"--token", x.file("record-token", x.recordToken)}, "Everything holds"},
		{"a byte of a record flipped", text(with(1, strings.Replace(lines[1], "connected", "connecteb", 1))), nil, "line-changed"},
		{"a record's line removed in the middle", text(with(2)), nil, "missing"},
		{"two lines of a record in another order", text(slices.Concat(lines[:1], []string{lines[2], lines[1]}, lines[3:])), nil, "missing"},
		{"another key for a record", text(lines), nil, "other-key"},
		{"another exam's token for a record", text(lines), []string{"--token", x.file("other-token", x.otherToken)}, "other-token"},
		{"another student's record", text(lines), []string{"--student", x.other.id}, "other-student"},
		{"the client's claim changed and the chain made anew", rechained(with(i-1, claim)), nil, "line-changed"},
		{"what the server saw of a watch changed", rechained(with(i, flipped(lines[i], saw))), nil, "countersignature-changed"},
		{"another student's countersignature", rechained(with(i, others[j])), nil, "other-student"},
		{"a record's end cut", text(lines[:len(lines)-1]), nil, "What the server countersigned holds"},
	}
}

// rechained makes the chain of a record's lines anew.
func rechained(lines []string) string {
	var out strings.Builder
	prev := strings.Repeat("0", 2*sha256.Size)
	for i, l := range lines {
		l = strings.TrimSuffix(l, "\n")
		at, _, _ := strings.Cut(l, `,"seq":`)
		_, rest, _ := strings.Cut(l, `,"type":`)
		l = fmt.Sprintf(`%s,"seq":%d,"prev":"%s","type":%s`, at, i+1, prev, rest)
		prev = fmt.Sprintf("%x", sha256.Sum256([]byte(l)))
		out.WriteString(l + "\n")
	}
	return out.String()
}
