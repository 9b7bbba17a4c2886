package exam

import (
	"crypto/ed25519"
	"strings"
	"testing"
	"time"

	"examlink/probe/wire"
)

func TestCheckAddress(t *testing.T) {
	for _, good := range []string{"exam.example.edu:8443", "[2001:db8::1]:1", "192.0.2.1:65535", "localhost:8443", "[fe80::1%eth0]:8443"} {
		if err := CheckAddress(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "exam.example.edu", "exam.example.edu:", "exam.example.edu:0", "exam.example.edu:65536", "exam.example.edu:70000", "exam.example.edu:https", "exam.example.edu:-1",
		"exam.example.edu:+1", ":8443", "0.0.0.0:8443", "[::]:8443", "2001:db8::1:8443", "exam example:8443", "exam\x07.example:8443", "https://exam.example.edu:8443",
	} {
		if err := CheckAddress(bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

// What Verify or a reader would not take, or not tell apart, is not issued.
func TestIssueRefuses(t *testing.T) {
	pub, key, _ := ed25519.GenerateKey(nil)
	good := wire.JoinToken{Exam: "msds-5001", Student: "Zoë 17", Servers: []string{"exam.example:8443"}, NotBefore: 1000, Expires: 5000}
	for name, change := range map[string]func(*wire.JoinToken){
		"an escape in the exam": func(j *wire.JoinToken) { j.Exam = "a\x1b[2J" }, "a line break": func(j *wire.JoinToken) { j.Student = "s\n17" },
		"a tab": func(j *wire.JoinToken) { j.Student = "s\t17" }, "a direction mark": func(j *wire.JoinToken) { j.Student = "s\u202e17" },
		"no UTF-8": func(j *wire.JoinToken) { j.Exam = "a\xff" }, "a space at the end": func(j *wire.JoinToken) { j.Student = "s17 " },
		"port 0":            func(j *wire.JoinToken) { j.Servers = []string{"exam.example:0"} },
		"a second port":     func(j *wire.JoinToken) { j.Servers = append(j.Servers[:1:1], "exam.example:65536") },
		"more than is read": func(j *wire.JoinToken) { j.Exam = strings.Repeat("x", 4000) },
	} {
		j := good
		change(&j)
		if s, err := Issue(key, j); err == nil {
			t.Errorf("%s: issued %q", name, s)
		}
	}
	s, err := Issue(key, good)
	if err == nil {
		_, err = Verify(pub, s, time.Unix(2000, 0))
	}
	if err != nil {
		t.Error(err)
	}
}
