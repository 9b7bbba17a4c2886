package receipt

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"examlink/docs/schemas"
	"examlink/probe/wire"
)

func head() Countersignature {
	at := time.Date(2026, 11, 30, 16, 41, 0, 250e6, time.UTC)
	seen, _ := json.Marshal(wire.Seen{Server: "1.0.0", Transport: "udp", State: "live", Probes: 36012, First: at.Add(-time.Hour), Last: at})
	return Countersignature{
		Schema: CountersignatureSchema, Exam: "msds-5001", Student: "s-0017 <&>", Token: "t1", Session: "x1",
		Record: Hash{1}, Line: 812, Hash: Hash{2}, At: at, Seen: seen,
	}
}

func countersigned(t testing.TB, k ed25519.PrivateKey, c Countersignature) string {
	t.Helper()
	s, err := c.Signature(k)
	if err != nil {
		t.Fatal(err)
	}
	jws, err := c.Compose(base64.RawURLEncoding.EncodeToString(public(k)), s)
	if err != nil {
		t.Fatal(err)
	}
	return jws
}

// The student's side puts the statement together from what it knows and the server's
// part of it, and any JOSE library verifies it.
func TestCountersignatureComesBack(t *testing.T) {
	jws := countersigned(t, key(1), head())
	got, err := VerifyCountersignature(jws, public(key(2)), public(key(1)))
	if err != nil || !reflect.DeepEqual(got, head()) {
		t.Errorf("%+v, %v", got, err)
	}
	if seen, err := got.SessionSeen(); err != nil || seen.Probes != 36012 || seen.State != "live" {
		t.Errorf("seen %+v, %v", seen, err)
	}
	s, err := jose.ParseSignedCompact(jws, []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		t.Fatal(err)
	}
	payload, err := s.Verify(jose.JSONWebKey{Key: public(key(1))})
	if err != nil || s.Signatures[0].Header.ExtraHeaders["typ"] != CountersignatureType || s.Signatures[0].Header.KeyID != KeyID(public(key(1))) {
		t.Fatalf("%+v, %v", s.Signatures[0].Header, err)
	}
	if !bytes.Contains(payload, []byte(`"student":"s-0017 <&>"`)) {
		t.Errorf("characters of HTML are not as other languages write them: %s", payload)
	}
	schemas.Test(t, CountersignatureSchema, payload)
	schemas.Fields[Countersignature](t, CountersignatureSchema)
}

// A countersignature is as the test vectors of PROTOCOL.md have it.
func TestCountersignatureFollowsTheProtocol(t *testing.T) {
	b, err := os.ReadFile("../wire/testdata/vectors.txt")
	if err != nil {
		t.Fatal(err)
	}
	v := map[string]string{}
	for line := range strings.Lines(string(b)) {
		if name, value, ok := strings.Cut(line, " = "); ok {
			v[strings.TrimPrefix(name, "countersignature.")] = strings.TrimSpace(value)
		}
	}
	report, err1 := wire.ParseMessage([]byte(v["report"]))
	answer, err2 := wire.ParseMessage([]byte(v["reported"]))
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	h, a := report.Report.Head, answer.Reported.Head
	c := Countersignature{
		Exam: "msds-5001", Student: "s-0017", Token: "t1", Session: "s1", Record: Hash(h.Record), Line: h.Line, Hash: Hash(h.Hash), At: a.At, Seen: a.Seen,
	}
	if jws, err := c.Compose(v["head_key"], a.Signature); err != nil || jws != v["jws"] {
		t.Errorf("%v\n%s, want\n%s", err, jws, v["jws"])
	}
	seed, err := hex.DecodeString(v["seed"])
	if err != nil || len(seed) != ed25519.SeedSize {
		t.Fatal(err)
	}
	if s, err := c.Signature(ed25519.NewKeyFromSeed(seed)); err != nil || s != a.Signature {
		t.Errorf("signed %s, %v, want %s", s, err, a.Signature)
	}
}

// A signature of other content, or with another key, is not put together.
func TestComposeRefuses(t *testing.T) {
	signature, err := head().Signature(key(1))
	if err != nil {
		t.Fatal(err)
	}
	own := base64.RawURLEncoding.EncodeToString(public(key(1)))
	for name, c := range map[string]struct {
		change         func(*Countersignature)
		key, signature string
	}{
		"another line":    {func(c *Countersignature) { c.Line++ }, own, signature},
		"another student": {func(c *Countersignature) { c.Student = "s-0018" }, own, signature},
		"another view":    {func(c *Countersignature) { c.Seen = json.RawMessage(`{}`) }, own, signature},
		"another key":     {func(*Countersignature) {}, base64.RawURLEncoding.EncodeToString(public(key(2))), signature},
		"no key":          {func(*Countersignature) {}, "", signature},
		"no signature":    {func(*Countersignature) {}, own, ""},
	} {
		x := head()
		c.change(&x)
		if jws, err := x.Compose(c.key, c.signature); err == nil {
			t.Errorf("%s: %s", name, jws)
		}
	}
}

// Neither statement passes for the other, whatever it says.
func TestStatementsDoNotPassForEachOther(t *testing.T) {
	if _, err := Verify(countersigned(t, key(1), head()), public(key(1))); !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), CountersignatureType) {
		t.Errorf("a countersignature as a receipt: %v", err)
	}
	if _, err := VerifyCountersignature(signed(t, key(1)), public(key(1))); !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), Type) {
		t.Errorf("a receipt as a countersignature: %v", err)
	}
}

func FuzzVerifyCountersignature(f *testing.F) {
	jws := countersigned(f, key(1), head())
	f.Add(jws)
	f.Add(jws[:200])
	f.Add(signed(f, key(1)))
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := VerifyCountersignature(text, public(key(1))); err == nil && !reflect.DeepEqual(c, head()) {
			t.Errorf("forged: %+v", c)
		}
	})
}
