package main

import (
	"crypto/ed25519"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"examlink/server/api"
	"examlink/server/exam"
	"examlink/server/store"
)

// Links are for the exam, each another, and as long valid as asked for.
func TestExamProctors(t *testing.T) {
	d := newDesk(t)
	if err := d.srv.Store().Exams().Create(t.Context(), store.Exam{ID: "msds-5001", Start: time.Now(), End: time.Now().Add(time.Hour), Zone: "UTC", Policy: "default"}); err != nil {
		t.Fatal(err)
	}
	keys := []ed25519.PublicKey{d.keys.Tokens[0].Public()}
	code, out, errs := d.run("proctors", "msds-5001", "--count", "3", "--valid", "2h")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code != 0 || len(lines) != 3 || lines[0] == lines[1] {
		t.Fatalf("%d %s%s", code, out, errs)
	}
	for _, l := range lines {
		address, token, _ := strings.Cut(l, "#")
		link, err := exam.VerifyProctorLink(keys, token, time.Now())
		if err != nil || address != "https://exam.example.edu/board" || link.Exam != "msds-5001" || time.Until(link.Until) > 2*time.Hour || time.Until(link.Until) < 2*time.Hour-time.Minute {
			t.Errorf("%s: %+v, %v", l, link, err)
		}
	}
	var page api.ProctorLinksPage
	if code, out, errs := d.run("proctors", "msds-5001", "--json"); code != 0 || json.Unmarshal([]byte(out), &page) != nil || len(page.Links) != 1 || page.Schema != api.ProctorLinksSchema {
		t.Errorf("%d %s%s", code, out, errs)
	}
	for _, c := range []struct {
		args []string
		want string
		code int
	}{
		{[]string{"other"}, "not found", 1}, {[]string{}, "no exam", 2}, {[]string{"msds-5001", "--count", "0"}, "expected 1 to 100", 2},
		{[]string{"msds-5001", "--valid", "25h"}, "expected 1s to 24h", 2}, {[]string{"msds-5001", "--valid", "0s"}, "expected 1s to 24h", 2},
	} {
		if code, out, errs := d.run(append([]string{"proctors"}, c.args...)...); code != c.code || out != "" || !strings.Contains(errs, c.want) {
			t.Errorf("%q: %d %s%s, want %d and %q", c.args, code, out, errs, c.code, c.want)
		}
	}
}
