package alert

import (
	"examlink/probe/ippm"
	"strings"
	"testing"
)

func reads(value, low, high float64) Reading {
	r := Reading{Interval: ippm.Interval{Low: &low}, Direction: "up", Packets: 30}
	if value > 0 {
		r.Value, r.High = &value, &high
	}
	return r
}

func TestBelowMinimum(t *testing.T) {
	s := newTestbed(t, Rules{Hold: DefaultHold, MinimumUp: 384e3, MinimumDown: 768e3})
	s.live(0, "e/a")
	n := 0.0
	read := func(r Reading) {
		n++
		s.wait(n)
		s.correlator.Read(Session{Session: "a", Exam: "e", Student: "p-a", State: "live", At: at(n), LastPacket: at(n)}, r)
	}
	slow, unclear, bound := reads(360e3, 350e3, 370e3), reads(384e3, 370e3, 398e3), reads(0, 400e3, 0)
	good, glance, far := reads(500e3, 480e3, 520e3), reads(100e3, 90e3, 110e3), reads(300e3, 290e3, 310e3)
	glance.Packets = 7
	for _, r := range []Reading{good, slow, unclear, glance, good} {
		read(r)
	}
	s.says() // one low reading is not enough
	read(slow)
	s.says("6.00 below-minimum raised a up")
	if x := s.all[0]; *x.Seen.Upload.Value != 360e3 || x.Seen.Upload.Minimum != 384e3 || x.Claimed.Download != nil || !x.Since.Equal(at(2)) ||
		!strings.Contains(x.Sentence, "The server measured 360 kbit/s; the minimum is 384 kbit/s.") {
		t.Errorf("%+v", x)
	}
	for _, r := range []Reading{good, good, slow, bound, good, unclear, good} { // slow restarts the count, the bound counts half, unclear does not count
		read(r)
	}
	s.says()
	read(good)
	s.says("14.00 recovered cleared a up was below-minimum for 8.00")
	n = 300
	read(far)
	s.says("301.00 below-minimum raised a up")
	if s.all[2].Warning == s.all[0].Warning {
		t.Error("two warnings have the same id")
	}
	claim := func(v float64) Reading {
		r := reads(v, v*0.98, v*1.02)
		r.Direction = "down"
		return r
	}
	read(claim(600e3))
	s.says("302.00 below-minimum raised a down")
	if x := s.all[3]; *x.Claimed.Download.Value != 600e3 || *x.Seen.Upload.Value != 300e3 || !strings.Contains(x.Sentence, "The student's program reports 600 kbit/s") {
		t.Errorf("%+v", x)
	}
	s.goes(400, "e/a", "goodbye")
	s.says("400.00 recovered cleared a down was below-minimum for 98.00 goodbye", "400.00 recovered cleared a up was below-minimum for 99.00 goodbye",
		"400.00 ended cleared a was below-minimum goodbye")
	if s.all[4].Warning != s.all[3].Warning || s.all[5].Warning != s.all[2].Warning || !strings.Contains(s.all[4].Sentence, "until the session ended") {
		t.Errorf("they do not clear the two warnings: %+v", s.all[4:6])
	}
	if len(s.correlator.active) != 0 {
		t.Errorf("still active: %v", s.correlator.active)
	}
	read(far) // its session is over
	s.says()
}
