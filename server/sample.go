package server

import (
	"cmp"
	"slices"
	"strings"

	"examlink/server/session"
)

// labelMost is the maximum length, in bytes, of an exam name in a label.
const labelMost = 200

// samples returns the samples of the current sessions, watches first, then worst
// state first, then by id. Truncation thus never drops the worst sessions, and two scrapes drop
// the same ones.
func (s *Server) samples() []session.Sample {
	now, wall := s.o.Clock.Now(), s.o.Clock.Wall()
	sessions := s.sessions.All()
	out := make([]session.Sample, 0, len(sessions))
	for _, ss := range sessions {
		if x, ok := ss.Sample(now, wall); ok {
			out = append(out, x)
		}
	}
	return out
}

// sorted makes the names in samples valid labels and sorts them: watches first, then
// the worst state.
func sorted(list []session.Sample) []session.Sample {
	for i := range list {
		list[i].ID, list[i].Exam = label(list[i].ID), label(list[i].Exam)
		list[i].Purpose = purpose(list[i].Purpose)
	}
	slices.SortFunc(list, func(a, b session.Sample) int {
		return cmp.Or(strings.Compare(b.Purpose, a.Purpose), b.State.Severity()-a.State.Severity(), strings.Compare(a.ID, b.ID))
	})
	return list
}

// purpose is a session's purpose as a label: every session that makes no check
// watches.
func purpose(s string) string {
	if s != session.PurposeCheck {
		return session.PurposeWatch
	}
	return s
}

// label makes a text valid as a label: operators choose exam names freely.
func label(s string) string {
	if len(s) > labelMost {
		s = s[:labelMost] // may cut a character in half
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
