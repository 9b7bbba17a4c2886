package exam

import (
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"examlink/probe/wire"
	"examlink/server/store"
)

func TestVerifyAny(t *testing.T) {
	old, oldKey, _ := ed25519.GenerateKey(nil)
	next, nextKey, _ := ed25519.GenerateKey(nil)
	other, _, _ := ed25519.GenerateKey(nil)
	at := time.Unix(2000, 0)
	for name, token := range map[string]string{"the old key": issue(t, oldKey, nil), "the new key": issue(t, nextKey, nil)} {
		if _, err := VerifyAny([]ed25519.PublicKey{next, old}, token, at); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, keys := range map[string][]ed25519.PublicKey{"removed": {next}, "none": nil, "another": {other, next}} {
		if _, err := VerifyAny(keys, issue(t, oldKey, nil), at); !errors.Is(err, ErrForged) {
			t.Errorf("the key is %s: %v", name, err)
		}
	}
	claim := claims{wire.JoinToken{ID: "t", Exam: "e", Student: "s", Expires: 5000}}
	sign := func(kid any) string {
		unsigned := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claim)
		if kid != nil {
			unsigned.Header["kid"] = kid
		}
		s, err := unsigned.SignedString(oldKey)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if _, err := VerifyAny([]ed25519.PublicKey{next, old}, sign(nil), at); err != nil {
		t.Errorf("a token that names no key: %v", err)
	}
	if _, err := VerifyAny([]ed25519.PublicKey{next, old}, sign(KeyID(next)), at); !errors.Is(err, ErrForged) {
		t.Errorf("a token that names another key: %v", err)
	}
}

func TestIssuer(t *testing.T) {
	pub, key, _ := ed25519.GenerateKey(nil)
	now := time.Date(2026, 11, 1, 12, 0, 0, 999, time.UTC)
	e := store.Exam{ID: "e1", Start: now.Add(time.Hour), End: now.Add(3 * time.Hour), Zone: "America/Denver", Policy: "strict"}
	i := Issuer{Key: key, Fingerprint: strings.Repeat("A", 43), Servers: []string{"a.example.edu:8443", "b.example.edu:8443"}}
	if err := i.Ready(); err != nil {
		t.Fatal(err)
	}
	got, err := i.Issue(e, "s-1", now)
	if err != nil {
		t.Fatal(err)
	}
	j, err := Verify(pub, got.Text, now.Add(26*time.Hour))
	if err != nil || j.ID != got.ID || j.Exam != "e1" || j.Student != "s-1" || j.Policy != "strict" || j.Starts != e.Start.Unix() || len(j.Servers) != 2 || j.Zone != e.Zone {
		t.Errorf("%+v, %v", j, err)
	}
	if want := "https://a.example.edu:8443/check#" + got.Text; got.Link != want {
		t.Errorf("link %s, want %s", got.Link, want)
	}
	if _, err := got.Clean(); err != nil || !got.Until.Equal(e.End.Add(24*time.Hour).Truncate(time.Second)) {
		t.Errorf("%+v, %v", got.Token, err)
	}
	if _, err := i.Issue(e, "s-1", e.End); err == nil || !strings.HasPrefix(err.Error(), "end: ") {
		t.Errorf("after the exam: %v", err)
	}
	for name, change := range map[string]func(*Issuer){
		"no key": func(i *Issuer) { i.Key = nil }, "no address": func(i *Issuer) { i.Servers = nil }, "a bad address": func(i *Issuer) { i.Servers = []string{"a:70000"} },
		"an address of another certificate": func(i *Issuer) { i.Check = func(string) error { return errors.New("another name") } },
	} {
		bad := i
		change(&bad)
		if bad.Ready() == nil {
			t.Errorf("%s: ready", name)
		}
	}
}

func TestCheckLink(t *testing.T) {
	for server, want := range map[string]string{
		"exam.example.edu:443": "https://exam.example.edu/check#t", "exam.example.edu:8443": "https://exam.example.edu:8443/check#t",
		"[2001:db8::1]:443": "https://[2001:db8::1]/check#t", "[2001:db8::1]:8443": "https://[2001:db8::1]:8443/check#t",
	} {
		if got := CheckLink(server, "t"); got != want {
			t.Errorf("%s: %s, want %s", server, got, want)
		}
	}
}

// BenchmarkIssue issues 10,000 tokens.
func BenchmarkIssue(b *testing.B) {
	_, key, _ := ed25519.GenerateKey(nil)
	now := time.Now()
	e := store.Exam{ID: "e1", Start: now.Add(time.Hour), End: now.Add(3 * time.Hour), Zone: "America/Denver", Policy: "default"}
	i := Issuer{Key: key, Servers: []string{"exam.example.edu:8443"}}
	b.ReportAllocs()
	for b.Loop() {
		for range 10_000 {
			if _, err := i.Issue(e, "s-00001", now); err != nil {
				b.Fatal(err)
			}
		}
	}
}
