package exam

import (
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"
	"time"

	"examlink/probe/wire"
)

func issue(t *testing.T, key ed25519.PrivateKey, change func(*wire.JoinToken)) string {
	t.Helper()
	j := wire.JoinToken{
		Exam: "msds-5001", Student: "s-17", Servers: []string{"exam.example:8443"},
		NotBefore: 1000, Expires: 5000, Starts: 4000, Ends: 4500, Zone: "America/Denver",
	}
	if change != nil {
		change(&j)
	}
	s, err := Issue(key, j)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTokenRoundTrip(t *testing.T) {
	pub, key, _ := ed25519.GenerateKey(nil)
	s := issue(t, key, nil)
	got, err := Verify(pub, s, time.Unix(2000, 0))
	if err != nil || got.Exam != "msds-5001" || got.Student != "s-17" || got.ID == "" {
		t.Errorf("%+v, %v", got, err)
	}
	read, err := wire.ReadJoinToken(" " + s + "\n")
	if err != nil || read.Servers[0] != "exam.example:8443" || read.ID != got.ID || read.Starts != 4000 || read.Zone != "America/Denver" {
		t.Errorf("the holder reads %+v, %v", read, err)
	}
}

func TestTokenRefusals(t *testing.T) {
	pub, key, _ := ed25519.GenerateKey(nil)
	other, otherKey, _ := ed25519.GenerateKey(nil)
	_ = other
	s := issue(t, key, nil)
	none := "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0." + strings.Split(s, ".")[1] + "."
	for name, c := range map[string]struct {
		token string
		at    int64
		want  error
	}{
		"expired":       {s, 6000, ErrExpired},
		"early":         {s, 100, ErrEarly},
		"other key":     {issue(t, otherKey, nil), 2000, ErrForged},
		"no algorithm":  {none, 2000, ErrForged},
		"cut short":     {s[:len(s)-4], 2000, ErrForged},
		"empty":         {"", 2000, ErrForged},
		"far too long":  {strings.Repeat("a", 1<<20), 2000, ErrForged},
		"one bit other": {s[:40] + "A" + s[41:], 2000, ErrForged},
	} {
		if _, err := Verify(pub, c.token, time.Unix(c.at, 0)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestIssueNamesWhatIsMissing(t *testing.T) {
	_, key, _ := ed25519.GenerateKey(nil)
	for field, j := range map[string]wire.JoinToken{
		"exam:":                               {Student: "s", Servers: []string{"h:1"}, Expires: 1},
		"student:":                            {Exam: "e", Servers: []string{"h:1"}, Expires: 1},
		"server:":                             {Exam: "e", Student: "s", Servers: []string{"h"}, Expires: 1},
		"validity:":                           {Exam: "e", Student: "s", Servers: []string{"h:1"}},
		"ends:":                               {Exam: "e", Student: "s", Servers: []string{"h:1"}, Expires: 9, Starts: 5},
		"zone:":                               {Exam: "e", Student: "s", Servers: []string{"h:1"}, Expires: 9, Starts: 5, Ends: 6, Zone: "Mars/Base"},
		"validity: ends before the exam does": {Exam: "e", Student: "s", Servers: []string{"h:1"}, Expires: 9, Starts: 5, Ends: 10},
	} {
		if _, err := Issue(key, j); err == nil || !strings.HasPrefix(err.Error(), field) {
			t.Errorf("%s error %v", field, err)
		}
	}
}
