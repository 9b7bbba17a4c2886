package session

import (
	"time"

	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/verdict"
)

// Check is a check that has its verdict: what the client reported, and what the server
// saw.
type Check struct {
	Opened  time.Duration     // the server's monotonic clock
	At      time.Time         // when the client reported, by its own clock
	Verdict verdict.Statement // the client's

	Judged    verdict.Summary // the server's own view
	Transport link.Transport
	Upload    *ippm.Interval // the server's latest reading; nil: none
	Probes    uint64         // received
	Receipt   string         // "": not issued yet
}

// Check returns the session's check; false while the client has not reported a verdict.
func (s *Session) Check() (c Check, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reports.judged == nil {
		return c, false
	}
	c = Check{
		Opened: s.openedAt, At: s.reports.statedAt, Verdict: s.reports.statement, Judged: *s.reports.judged,
		Transport: s.transport(), Probes: s.probes(), Receipt: s.reports.receipt,
	}
	if r := s.uploads.last; !r.At.IsZero() {
		c.Upload = &r.Interval
	}
	return c, true
}

// SetReceipt keeps the receipt of the session's check. It returns the one that counts:
// the first.
func (s *Session) SetReceipt(jws string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reports.receipt == "" {
		s.reports.receipt = jws
	}
	return s.reports.receipt
}
