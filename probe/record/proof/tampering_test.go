package proof

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"examlink/probe/receipt"
	"examlink/probe/record"
)

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
