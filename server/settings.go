package server

import (
	"crypto/tls"
	"errors"
	"fmt"

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
	// Certificate, if set, takes the place of the one in force, where the server
	// was made with a Certificate.
	Certificate *tls.Certificate
}

// complete fills in defaults and checks.
func (n Settings) complete() (Settings, error) {
	n.Limits = n.Limits.Complete()
	if n.Silence == (Silence{}) {
		n.Silence = DefaultSilence()
	}
	if n.Policy == (verdict.Policy{}) {
		n.Policy = verdict.BuiltIn()[0]
	}
	if !n.Silence.Ordered() {
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

// Reload puts other settings in force, or says what is wrong with them and
// leaves those there are. Sessions go on. It is safe for concurrent use.
func (s *Server) Reload(n Settings) error {
	n, err := n.complete()
	if err != nil {
		return err
	}
	s.handshakes.reload(n.Limits, func() Limits { return s.settings.Swap(&n).Limits })
	s.sessions.Rebound()
	if ws := s.webSockets.Load(); ws != nil {
		ws.Limit(n.Limits.WebSockets())
	}
	if n.Certificate != nil && s.o.Certificate != nil {
		s.o.Certificate.Replace(*n.Certificate)
	}
	if s.notifier != nil {
		s.notifier.Minima(float64(n.Policy.Minimum.Upload), float64(n.Policy.Minimum.Download))
	}
	return nil
}
