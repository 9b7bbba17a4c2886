package server

import (
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"fmt"

	"examlink/probe/verdict"
	"examlink/server/delivery"
	"examlink/server/exam"
	"examlink/server/media"
	"examlink/server/store"
)

// Settings can change while a server runs.
type Settings struct {
	// Limits apply to new requests. Sessions keep the probe rate they were
	// granted; none is ended to meet a lower limit.
	Limits  Limits
	Silence Silence
	// Attendance says when students on a roster are missed; zero: the default.
	Attendance Attendance
	// Rehearsal bounds rehearsals; zero: there are none.
	Rehearsal media.Limits
	// Policy is what the metrics compare rates with; clients judge their links
	// themselves. Zero: the default policy.
	Policy verdict.Policy
	// SessionSeries is the maximum number of sessions with series of their own,
	// worst first; 0: none.
	SessionSeries int
	// Retention is how long the store keeps data; zero: for ever.
	Retention store.Retention
	// Policies are those that exams may name; Policy is one of them in any case.
	Policies []verdict.Policy
	// TokenKeys verify join tokens, and Issuer issues them. Nil: they stay.
	TokenKeys []ed25519.PublicKey
	Issuer    *exam.Issuer
	// Certificate, if set, replaces the certificate in force, provided the server
	// was created with a Certificate.
	Certificate *tls.Certificate
	// Notify, if set, replaces the receivers of alerts, the bounds of their queues and
	// what makes an incident, provided the server was created with Notify; see
	// delivery.Notifier.Reload.
	Notify *delivery.Options
}

// complete fills in defaults and validates.
func (n Settings) complete() (Settings, error) {
	n.Limits = n.Limits.Complete()
	if n.Silence == (Silence{}) {
		n.Silence = DefaultSilence()
	}
	if n.Attendance == (Attendance{}) {
		n.Attendance = DefaultAttendance()
	}
	if n.Policy.Equal(verdict.Policy{}) {
		n.Policy = verdict.BuiltIn()[0]
	}
	if _, err := verdict.Find(n.Policies, n.Policy.Name); err != nil {
		n.Policies = append([]verdict.Policy{n.Policy}, n.Policies...)
	}
	if !n.Silence.Ordered() {
		return n, fmt.Errorf("server: silence %v, expected suspect < dropped < exam-relevant < forget", n.Silence)
	}
	if n.Attendance.Patience < 0 {
		return n, fmt.Errorf("server: patience of %v, expected 0s or more", n.Attendance.Patience)
	}
	if n.SessionSeries < 0 {
		return n, fmt.Errorf("server: series of %d sessions, expected 0 or more", n.SessionSeries)
	}
	if err := n.Policy.Check(); err != nil {
		return n, errors.Join(errors.New("server"), err)
	}
	return n, nil
}

// policy returns the policy of a name, or the one in force for a name that is empty or
// unknown.
func (n Settings) policy(name string) verdict.Policy {
	if p, err := verdict.Find(n.Policies, name); err == nil && name != "" {
		return p
	}
	return n.Policy
}

// Settings returns the settings in force, without Certificate and Notify, which the
// Certificate of the Options and Notifier().Options() have, and without keys and issuer
// of join tokens.
func (s *Server) Settings() Settings {
	n := *s.settings.Load()
	n.Certificate, n.TokenKeys, n.Issuer = nil, nil, nil
	return n
}

// Reload puts new settings in force; if they are invalid, it returns an error
// and keeps the current ones. Sessions continue. It is safe for concurrent use.
func (s *Server) Reload(n Settings) error {
	n, err := n.complete()
	if err != nil {
		return err
	}
	if n.Notify != nil && s.notifier != nil {
		if err := s.notifier.Reload(*n.Notify); err != nil {
			return err
		}
	}
	was := s.settings.Load()
	if n.TokenKeys == nil {
		n.TokenKeys = was.TokenKeys
	}
	if n.Issuer == nil {
		n.Issuer = was.Issuer
	}
	n.Notify = nil // it holds secrets, and the notifier has it
	s.handshakes.reload(n.Limits, func() Limits { return s.settings.Swap(&n).Limits })
	s.sessions.Rebound()
	if ws := s.webSockets.Load(); ws != nil {
		ws.Limit(n.Limits.WebSockets())
	}
	if pages := s.pages.Load(); pages != nil {
		pages.Limit(n.Limits.Sessions)
	}
	if n.Certificate != nil && s.o.Certificate != nil {
		s.o.Certificate.Replace(*n.Certificate)
	}
	if s.notifier != nil {
		s.notifier.Minima(float64(n.Policy.Minimum.Upload), float64(n.Policy.Minimum.Download))
	}
	return nil
}
