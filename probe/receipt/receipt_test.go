package receipt

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"examlink/docs/schemas"
	"examlink/probe/ippm"
	"examlink/probe/verdict"
)

func key(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

func public(k ed25519.PrivateKey) ed25519.PublicKey { return k.Public().(ed25519.PublicKey) }

func sample() Receipt {
	up, low, high := 4.98e6, 4.95e6, 5.01e6
	at := time.Date(2026, 11, 30, 9, 0, 0, 250e6, time.UTC)
	ready := verdict.Summary{Outcome: verdict.Ready, Policy: "default", Version: "1"}
	return Receipt{
		Schema: Schema, ID: "r1", Exam: "msds-5001", Student: "s-0017", Token: "t1", Session: "x1", Opened: at, Issued: at.Add(12 * time.Second),
		Starts: at.Add(96 * time.Hour), Ends: at.Add(99 * time.Hour), Zone: "America/Denver", Outcome: verdict.Ready,
		Seen: Seen{Server: "1.0.0", Transport: "udp", Upload: &ippm.Interval{Value: &up, Low: &low, High: &high}, Probes: 812, Judged: ready},
		Claimed: Claimed{Client: "1.0.0", System: "linux/amd64", At: at, Verdict: verdict.Statement{Summary: ready, Figures: []verdict.Figure{
			{Criterion: verdict.Upload, Value: &up, Low: &low, High: &high, Unit: "bit/s"},
		}}},
	}
}

func signed(t testing.TB, k ed25519.PrivateKey) string {
	t.Helper()
	s, err := Sign(k, sample())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestReceiptComesBack(t *testing.T) {
	s := signed(t, key(1))
	got, err := Verify("\n "+s+"\n", public(key(2)), public(key(1)))
	if err != nil || !reflect.DeepEqual(got, sample()) {
		t.Errorf("%+v, %v", got, err)
	}
	b, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	schemas.Test(t, Schema, b)
}

// Each tampering is caught, by its name.
func TestTampering(t *testing.T) {
	s := signed(t, key(1))
	parts := strings.Split(s, ".")
	rewrite := func(part int, old, now string) string {
		b, err := base64.RawURLEncoding.DecodeString(parts[part])
		if err != nil || !bytes.Contains(b, []byte(old)) {
			t.Fatalf("%q has no %q: %v", b, old, err)
		}
		p := append([]string{}, parts...)
		p[part] = base64.RawURLEncoding.EncodeToString(bytes.Replace(b, []byte(old), []byte(now), 1))
		return strings.Join(p, ".")
	}
	flip := func(i int) string {
		b := []byte(s)
		if b[i]++; b[i] == '.' || b[i] > 'z' {
			b[i] = 'A'
		}
		return string(b)
	}
	forged, err := Sign(key(9), sample())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"the student's outcome changed":   {rewrite(1, `"outcome":"ready"`, `"outcome":"marginal"`), ErrChanged},
		"the client's claim changed":      {rewrite(1, `"value":4980000`, `"value":9980000`), ErrChanged},
		"what the server saw changed":     {rewrite(1, `"probes":812`, `"probes":813`), ErrChanged},
		"another exam":                    {rewrite(1, "msds-5001", "msds-5002"), ErrChanged},
		"another time":                    {rewrite(1, "2026-11-30T09:00:12", "2026-11-20T09:00:12"), ErrChanged},
		"a byte of the content flipped":   {flip(len(parts[0]) + 30), ErrChanged},
		"content that is no JSON":         {rewrite(1, `{"`, `{'`), ErrChanged},
		"content that is no base64":       {parts[0] + ".!" + parts[1] + "." + parts[2], ErrChanged},
		"a byte of the signature flipped": {flip(len(s) - 10), ErrChanged},
		"the signature cut":               {s[:len(s)-8], ErrMalformed},
		"the signature gone":              {parts[0] + "." + parts[1], ErrMalformed},
		"parts in another order":          {parts[1] + "." + parts[0] + "." + parts[2], ErrMalformed},
		"another server's key":            {forged, ErrOtherKey},
		"another key's name":              {rewrite(0, KeyID(public(key(1))), KeyID(public(key(9)))), ErrOtherKey},
		"no signature wanted":             {rewrite(0, `"EdDSA"`, `"none"`), ErrChanged},
		"a symmetric signature wanted":    {rewrite(0, `"EdDSA"`, `"HS256"`), ErrChanged},
		"something else that is signed":   {rewrite(0, Type, "JWT"), ErrMalformed},
		"another layout":                  {rewrite(1, Schema, "examlink.receipt/9"), ErrChanged},
		"nothing":                         {"", ErrMalformed},
		"prose":                           {"Ready. This link. Meets everything", ErrMalformed},
	} {
		r, err := Verify(c.text, public(key(1)))
		if !errors.Is(err, c.want) || !reflect.DeepEqual(r, Receipt{}) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// The name of a tampering does not hang on what the signature happens to be: wherever a
// receipt is cut it is not whole, and whichever character behind its header is another it was changed.
func TestTamperingAnywhere(t *testing.T) {
	for seed := range byte(4) {
		k := key(seed)
		s := signed(t, k)
		for end := range len(s) {
			if _, err := Verify(s[:end], public(k)); !errors.Is(err, ErrMalformed) {
				t.Fatalf("key %d, cut to %d of %d characters: %v", seed, end, len(s), err)
			}
		}
		for i := len(s) - 100; i < len(s); i++ { // the content's end and the signature
			for _, c := range "A_[" {
				if rune(s[i]) == c || s[i] == '.' {
					continue
				}
				if _, err := Verify(s[:i]+string(c)+s[i+1:], public(k)); !errors.Is(err, ErrChanged) {
					t.Fatalf("key %d, character %d of %d is %q: %v", seed, i, len(s), c, err)
				}
			}
		}
	}
}

func TestExpected(t *testing.T) {
	r := sample()
	if err := r.Of(Expected{Exam: "msds-5001", Token: "t1"}); err != nil {
		t.Error(err)
	}
	err := r.Of(Expected{Exam: "msds-5002", Student: "s-0018", Token: "t1"})
	if !errors.Is(err, ErrOther) || !strings.Contains(err.Error(), `exam "msds-5001", expected "msds-5002"; student "s-0017", expected "s-0018"`) {
		t.Error(err)
	}
}

// Another JOSE library verifies a receipt, with the key in either form.
func TestOtherLibrary(t *testing.T) {
	s, err := jose.ParseSignedCompact(signed(t, key(1)), []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		t.Fatal(err)
	}
	k := jose.JSONWebKey{Key: public(key(1))}
	payload, err := s.Verify(k)
	if err != nil || !bytes.Contains(payload, []byte(`"student":"s-0017"`)) {
		t.Fatalf("%s, %v", payload, err)
	}
	thumb, err := k.Thumbprint(crypto.SHA256)
	if id := base64.RawURLEncoding.EncodeToString(thumb); err != nil || id != KeyID(public(key(1))) || s.Signatures[0].Header.KeyID != id {
		t.Errorf("thumbprint %s, %v; the key's name is %s", id, err, KeyID(public(key(1))))
	}
	text, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: public(key(2))}, k}})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"a set of JWKs": text, "PEM": append(FormatKey(public(key(2))), FormatKey(public(key(1)))...)} {
		keys, err := ParseKeys(text)
		if err != nil || len(keys) != 2 || !keys[1].Equal(public(key(1))) {
			t.Errorf("%s: %v, %v", name, keys, err)
		}
	}
	for _, bad := range []string{"", "{}", `{"kty":"EC","crv":"P-256","x":"AAAA"}`, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"} {
		if keys, err := ParseKeys([]byte(bad)); err == nil {
			t.Errorf("%q: %v", bad, keys)
		}
	}
}

func FuzzVerify(f *testing.F) {
	s := signed(f, key(1))
	f.Add(s)
	f.Add(s[:100])
	f.Add("..")
	f.Fuzz(func(t *testing.T, text string) {
		if r, err := Verify(text, public(key(1))); err == nil && !reflect.DeepEqual(r, sample()) {
			t.Errorf("forged: %+v", r)
		}
	})
}
