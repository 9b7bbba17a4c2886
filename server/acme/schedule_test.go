package acme_test

import (
	"crypto/x509"
	"testing"
	"time"

	protocol "github.com/mholt/acmez/v3/acme"

	"examlink/server/acme"
)

func TestDue(t *testing.T) {
	start := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	day := func(n float64) time.Time { return start.Add(time.Duration(n * 24 * float64(time.Hour))) }
	c := &x509.Certificate{NotBefore: day(0), NotAfter: day(90)}
	advice := func(n float64) *protocol.RenewalInfo { return &protocol.RenewalInfo{SelectedTime: day(n)} }
	hour := 1. / 24
	for _, x := range []struct {
		name    string
		advice  *protocol.RenewalInfo
		ordered time.Time
		want    time.Time
	}{
		{"none", nil, time.Time{}, day(60)},
		{"earlier", advice(20), day(0), day(20)},
		{"later", advice(70), day(0), day(70)},
		{"after the end", advice(91), day(0), day(60)},
		{"at once, of what was just ordered", advice(-1), day(0), day(hour)},
		{"at once, of what another run ordered", advice(-1), time.Time{}, day(-1)},
	} {
		if got := acme.DueOf(c, x.advice, x.ordered); !got.Equal(x.want) {
			t.Errorf("%s: %v, want %v", x.name, got, x.want)
		}
	}
}

// Within any hour there are at most five attempts.
func TestPause(t *testing.T) {
	var at []time.Duration
	now := time.Duration(0)
	for n := 1; n < 40; n++ {
		at = append(at, now)
		now += acme.Pause(n)
	}
	for i := range at[:len(at)-5] {
		if at[i+5]-at[i] < time.Hour {
			t.Errorf("attempts at %v", at[i:i+6])
		}
	}
	if last := at[len(at)-1] - at[len(at)-2]; last != time.Hour {
		t.Errorf("%v between attempts after many failures, want an hour", last)
	}
}

func TestCheckHost(t *testing.T) {
	for name, ok := range map[string]bool{
		"exam.example.edu": true, "xn--prfung-3ya.example.edu": true, "a-b.example.edu": true,
		"exam": false, "Exam.example.edu": false, "*.example.edu": false, "192.0.2.1": false, "2001:db8::1": false,
		"exam.example.edu:8443": false, "exam.example.edu.": false, "": false, "-a.example.edu": false, "a..b": false, "prüfung.example.edu": false,
	} {
		if err := acme.CheckHost(name); (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
	}
}
