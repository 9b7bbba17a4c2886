package server

import (
	"fmt"

	"examlink/server/delivery"
)

// Degraded says what this server cannot do at the moment although it admits and measures
// students, a line each; nil: nothing. It names nobody.
func (s *Server) Degraded() (lines []string) {
	all := []*delivery.Writes{s.writes, s.receipts.writes}
	if s.notifier != nil {
		all = append(all, s.notifier.Writes()...)
	}
	for _, w := range all {
		if w.Failing() {
			lines = append(lines, fmt.Sprintf("cannot write %s: kept in memory until it can", w.Part()))
		}
	}
	if s.acme != nil {
		if trouble := s.acme.Trouble(); trouble != "" {
			lines = append(lines, trouble)
		}
	}
	if s.clocks.isWrong() {
		lines = append(lines, "the clock differs from most others' clocks")
	}
	return lines
}
