package report_test

import (
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"examlink/probe/record"
	"examlink/probe/warning"
	"examlink/probe/wire"
)

var (
	zone  = time.FixedZone("", -6*3600)
	began = time.Date(2026, 6, 15, 9, 0, 0, 0, zone)
)

func ptr(v float64) *float64 { return &v }

// script writes a record as a watch would.
type script struct {
	t    testing.TB
	name string
	w    *record.Writer
	rng  *rand.Rand
	at   time.Duration
	down float64 // bit/s
	rtt  float64 // seconds
	loss float64
	gone bool          // the losses are those of an interruption
	next time.Duration // of the floor test
}

func newScript(t testing.TB) *script {
	s := &script{t: t, name: filepath.Join(t.TempDir(), "exam.jsonl"), rng: rand.New(rand.NewPCG(7, 7)), down: 20e6, rtt: 0.024, next: 20 * time.Second}
	s.open(0)
	return s
}

func (s *script) open(at time.Duration) {
	s.t.Helper()
	w, err := record.Open(s.name, record.Start{
		Client: "1.4.0", System: "windows/amd64", Exam: "msds-5001", Student: "s-0017", Begins: record.At(began.Add(-5 * min1)), Ends: record.At(began.Add(3*hour + 30*min1)), Server: "exam.example.edu:8443", Started: record.At(began), Zone: "MDT",
		Policy: record.Policy{Name: "default", Version: "1", Minimum: record.Rates{Download: 768e3, Upload: 384e3}, Recommended: record.Rates{Download: 1.5e6, Upload: 1e6}},
	}, began.Add(at), record.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	s.w, s.at = w, at
	s.add(at, record.Session{State: "connected", Session: "k7f3-92ab", Server: "exam.example.edu:8443"})
}

func (s *script) add(at time.Duration, e record.Entry) {
	s.t.Helper()
	if err := s.w.Append(began.Add(at), e); err != nil {
		s.t.Fatal(err)
	}
}

// minutes writes minutes until a time; cut is the length of an interruption at
// the end of the last one.
func (s *script) minutes(until time.Duration) {
	for s.at < until {
		to := min(s.at+time.Minute, until)
		n := uint64((to - s.at) / (100 * time.Millisecond))
		m := record.Minute{From: record.At(began.Add(s.at)), To: record.At(began.Add(to)), Sent: n}
		for range n {
			if x := s.rng.Float64(); x < s.loss {
				m.LostUp++
			} else if x < s.loss*1.3 {
				m.LostDown++
			}
		}
		m.Received = m.Sent - m.LostUp - m.LostDown
		if s.gone {
			m.GapUp, m.GapDown = m.LostUp, m.LostDown
		}
		noise := s.rng.ExpFloat64()
		m.RoundTrip, m.RoundTrip99 = ptr(s.rtt*(1+0.05*noise)), ptr(s.rtt*(1.3+0.6*noise))
		m.OneWayUp, m.OneWayDown, m.OneWayBound = ptr(s.rtt*0.52), ptr(s.rtt*0.48), ptr(s.rtt/2)
		m.IPDVUp, m.IPDVDown, m.PDVUp, m.PDVDown = ptr(0.0004), ptr(0.0006), ptr(0.003*(1+noise)), ptr(0.004*(1+noise))
		m.BytesUp, m.BytesDown = int64(n)*92, int64(m.Received)*92
		for s.next < to {
			s.floor(s.next, wire.Down, s.down, 768e3)
			s.floor(s.next+400*time.Millisecond, wire.Up, 4e6, 384e3)
			s.next += time.Duration(20+s.rng.IntN(60)) * time.Second
		}
		s.add(to, m)
		s.at = to
	}
}

func (s *script) floor(at time.Duration, d wire.Direction, rate, target float64) {
	f := record.Floor{Direction: d, Target: target, Outcome: "meets", Trains: 1, Bytes: 30e3, Duration: 0.4, Rise: 0.015}
	switch {
	case s.rng.IntN(40) == 0:
		f.Outcome, f.Why = "inconclusive", "packets were lost before the test filled the link"
	case rate > 4*target:
		f.Low = ptr(target * (2.5 + s.rng.Float64()))
	default:
		rate *= 1 + 0.02*s.rng.NormFloat64()
		f.Rate, f.Low, f.High = &rate, ptr(rate*0.98), ptr(rate*1.02)
		if rate < target {
			f.Outcome = "below"
		}
	}
	s.add(at, f)
}

func (s *script) warn(k warning.Kind, start, raised time.Duration, evidence string) (clear func(end, cleared time.Duration)) {
	w := warning.Warning{Kind: k, Subject: "k7f3-92ab", Start: began.Add(start), Raised: began.Add(raised), Evidence: evidence, Episodes: 1}
	s.add(raised, record.Warn(w))
	return func(end, cleared time.Duration) {
		w.End, w.Cleared = began.Add(end), began.Add(cleared)
		s.add(cleared, record.Warn(w))
	}
}

func (s *script) gap(from, to time.Duration, c record.Cause, words string) {
	s.add(to, record.Gap{From: record.At(began.Add(from)), To: record.At(began.Add(to)), Cause: c, Words: words})
}

func (s *script) end(at time.Duration) {
	s.t.Helper()
	s.add(at, record.End{Why: record.EndStopped})
	if err := s.w.Close(); err != nil {
		s.t.Fatal(err)
	}
}

const sec, min1, hour = time.Second, time.Minute, time.Hour

// threeHours is an exam with a slow period, losses, an outage, a suspended
// computer, and a killed client.
func threeHours(t testing.TB) *script {
	s := newScript(t)
	s.minutes(42 * min1)
	s.down, s.rtt = 520e3, 0.21
	s.minutes(43 * min1)
	clear := s.warn(warning.DownloadBelowMinimum, 42*min1+20*sec, 43*min1+5*sec, "0.512 Mbit/s, the minimum is 0.768 Mbit/s")
	s.minutes(52 * min1)
	s.down, s.rtt = 20e6, 0.024
	s.minutes(54 * min1)
	clear(52*min1+10*sec, 53*min1+30*sec)
	s.minutes(75 * min1)
	s.loss = 0.04
	s.minutes(77 * min1)
	clear = s.warn(warning.Loss, 75*min1, 75*min1+20*sec, "loss up is 4 %, the limit is 3 %")
	s.loss = 0.001
	clear(77*min1, 77*min1+30*sec)
	s.minutes(98 * min1)
	clear = s.warn(warning.Outage, 98*min1+12*sec, 98*min1+15*sec, "no answer from the server")
	s.add(98*min1+15*sec, record.Session{State: "silent", Session: "k7f3-92ab"})
	s.loss, s.gone = 0.76, true
	s.minutes(99 * min1)
	s.loss, s.gone = 0.001, false
	s.gap(98*min1+12*sec, 98*min1+52*sec, record.Network, "")
	clear(98*min1+52*sec, 98*min1+53*sec)
	s.minutes(120 * min1)
	s.gap(120*min1, 124*min1+30*sec, record.Suspended, "for 4m30s")
	s.at, s.next = 124*min1+30*sec, 125*min1
	s.minutes(150 * min1)
	// killed: the pending minute in the live file becomes a line
	m := record.Minute{From: record.At(began.Add(150 * min1)), To: record.At(began.Add(150*min1 + 23*sec)), Sent: 230, Received: 230, RoundTrip: ptr(0.024)}
	if err := s.w.Live(began.Add(150*min1+23*sec), &m, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.w.Close(); err != nil { // closed without an end: as killed
		t.Fatal(err)
	}
	s.open(151*min1 + 40*sec)
	s.next = s.at + 10*sec
	s.minutes(3 * hour)
	s.end(3 * hour)
	return s
}
