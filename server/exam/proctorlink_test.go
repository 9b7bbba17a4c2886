package exam

import (
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"
	"time"

	"examlink/probe/wire"
	"examlink/server/store"
)

func proctorLink(t *testing.T, key ed25519.PrivateKey, now time.Time) (ProctorLink, string) {
	t.Helper()
	l, address, err := Issuer{Key: key, Servers: []string{"exam.example.edu:443"}}.ProctorLink(store.Exam{ID: "msds-5001"}, time.Hour, now)
	if err != nil {
		t.Fatal(err)
	}
	before, token, ok := strings.Cut(address, "#")
	if !ok || before != "https://exam.example.edu/board" {
		t.Fatalf("%s, want an address with the token in its fragment", address)
	}
	return l, token
}

func TestProctorLink(t *testing.T) {
	public, key, _ := ed25519.GenerateKey(nil)
	other, otherKey, _ := ed25519.GenerateKey(nil)
	now := time.Unix(100000, 0)
	l, token := proctorLink(t, key, now)
	got, err := VerifyProctorLink([]ed25519.PublicKey{other, public}, token, now.Add(59*time.Minute))
	if err != nil || got.ID != l.ID || got.Exam != "msds-5001" || !got.Until.Equal(now.Add(time.Hour)) {
		t.Errorf("%+v, %v", got, err)
	}
	_, another := proctorLink(t, otherKey, now)
	join := issue(t, key, func(j *wire.JoinToken) { j.NotBefore, j.Expires = 1, 200000 })
	for what, c := range map[string]struct {
		token string
		at    time.Time
	}{
		"expired":         {token, now.Add(61 * time.Minute)},
		"too early":       {token, now.Add(-time.Minute)},
		"of another key":  {another, now},
		"a join token":    {join, now},
		"cut":             {token[:len(token)-2], now},
		"empty":           {"", now},
		"far too long":    {strings.Repeat("x", 1<<20), now},
		"another subject": {strings.Replace(token, ".", "x.", 1), now},
	} {
		if got, err := VerifyProctorLink([]ed25519.PublicKey{public}, c.token, c.at); !errors.Is(err, ErrProctorLink) || got != (ProctorLink{}) {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
	if _, err := Verify(public, token, now); !errors.Is(err, ErrForged) {
		t.Errorf("as a join token: %v", err)
	}
}

func TestProctorLinkValidity(t *testing.T) {
	_, key, _ := ed25519.GenerateKey(nil)
	i := Issuer{Key: key, Servers: []string{"exam.example.edu:8443"}}
	for _, valid := range []time.Duration{0, -time.Hour, MostProctorLink + time.Second} {
		if _, _, err := i.ProctorLink(store.Exam{ID: "e"}, valid, time.Unix(100000, 0)); err == nil {
			t.Errorf("valid for %v", valid)
		}
	}
}
