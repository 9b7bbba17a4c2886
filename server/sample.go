package server

import (
	"cmp"
	"slices"
	"strings"

	"examlink/server/session"
)

// labelMost bounds the bytes of an exam's name in a label.
const labelMost = 200

// samples are those of the sessions there are, worst state first, then by id:
// what is left out of a part of them is never what matters, and two scrapes
// leave out the same.
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

// sorted makes samples fit for labels and puts the worst first.
func sorted(list []session.Sample) []session.Sample {
	for i := range list {
		list[i].ID, list[i].Exam = label(list[i].ID), label(list[i].Exam)
	}
	slices.SortFunc(list, func(a, b session.Sample) int {
		return cmp.Or(b.State.Severity()-a.State.Severity(), strings.Compare(a.ID, b.ID))
	})
	return list
}

// label makes a text fit for a label: operators name exams as they like.
func label(s string) string {
	if len(s) > labelMost {
		s = s[:labelMost] // at worst in the middle of a letter
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
