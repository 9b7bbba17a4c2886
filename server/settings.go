package server

import (
	"errors"
	"fmt"

	"golang.org/x/time/rate"

	"examlink/probe/verdict"
)

// Settings are what can change while a server runs.
type Settings struct {
	// Limits hold for what is asked from then on. A session keeps the rate of
	// probes that it was granted; none is ended because there are too many.
	Limits  Limits
	Silence Silence
	// Policy is what the metrics compare rates with; links are judged by their
	// clients. Zero: the default policy.
	Policy verdict.Policy
	// SessionSeries is how many sessions the metrics show one by one, worst
	// first; 0: none.
	SessionSeries int
}

// complete fills in defaults and checks.
func (n Settings) complete() (Settings, error) {
	n.Limits = n.Limits.complete()
	if n.Silence == (Silence{}) {
		n.Silence = DefaultSilence()
	}
	if n.Policy == (verdict.Policy{}) {
		n.Policy = verdict.BuiltIn()[0]
	}
	if !n.Silence.ordered() {
		return n, fmt.Errorf("server: silence %v, expected suspect < dropped < exam-relevant < forget", n.Silence)
	}
	if n.SessionSeries < 0 {
		return n, fmt.Errorf("server: series of %d sessions, expected 0 or more", n.SessionSeries)
	}
	if err := n.Policy.Check(); err != nil {
		return n, errors.Join(errors.New("server"), err)
	}
	return n, nil
}

// complete takes the defaults for zero values.
func (l Limits) complete() Limits {
	d := DefaultLimits()
	fill := func(v *float64, def float64) {
		if *v == 0 {
			*v = def
		}
	}
	fill(&l.HandshakeRate, d.HandshakeRate)
	fill(&l.RetryRate, d.RetryRate)
	fill(&l.ProbeRate, d.ProbeRate)
	fill(&l.TrainBitRate, d.TrainBitRate)
	fill(&l.TotalBitRate, d.TotalBitRate)
	if l.Sessions == 0 {
		l.Sessions = d.Sessions
	}
	if l.SessionsPerToken == 0 {
		l.SessionsPerToken = d.SessionsPerToken
	}
	if l.TrainBytes == 0 {
		l.TrainBytes = d.TrainBytes
	}
	return l
}

// webSockets is how many connections by WebSocket there may be: some sessions
// are being replaced.
func (l Limits) webSockets() int { return l.Sessions + l.Sessions/4 + 16 }

// limits are those in force.
func (s *Server) limits() Limits { return s.settings.Load().Limits }

// Change puts other settings in force, or says what is wrong with them and
// leaves those there are. Sessions go on. It is safe for concurrent use.
func (s *Server) Change(n Settings) error {
	n, err := n.complete()
	if err != nil {
		return err
	}
	s.admission.Lock()
	defer s.admission.Unlock()
	before := s.settings.Swap(&n)
	if l := n.Limits; l.HandshakeRate != before.Limits.HandshakeRate {
		clear(s.addresses) // they are made anew, at the rate in force
	}
	s.retry.SetLimit(rate.Limit(n.Limits.RetryRate))
	s.retry.SetBurst(int(n.Limits.RetryRate) + 1)
	s.reports.bound(originsPerSession * n.Limits.Sessions)
	if ws := s.webSockets.Load(); ws != nil {
		ws.Limit(n.Limits.webSockets())
	}
	return nil
}
