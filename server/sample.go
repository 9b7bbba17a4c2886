package server

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"examlink/probe/link"
	"examlink/probe/wire"
)

// labelMost bounds the bytes of an exam's name in a label.
const labelMost = 200

// sample is what the metrics show of a session.
type sample struct {
	id, exam string // fit for labels
	state    State
	opened   time.Time
	last     time.Time // the last authentic packet's; zero: none came
	probes   uint64
	tcp      bool // carried by WebSocket
	up, down reading
	figures  figures
	warnings *int // standing, as the client claims; nil: it has reported nothing
}

// sample returns what there is to show at now; false once the session ended.
func (ss *session) sample(now time.Duration, wall time.Time) (sample, bool) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if ss.state == StateEnded {
		return sample{}, false
	}
	out := sample{
		id: label(ss.id), exam: label(ss.exam), state: ss.state, opened: ss.opened, probes: ss.earlier,
		tcp: ss.conn != nil && ss.conn.Transport() == link.WebSocket,
		up:  ss.rateUp, down: ss.rateDown, figures: ss.claims.figures,
	}
	if ss.flow != nil {
		w := ss.flow.Received(wire.KindProbe)
		out.probes += w.Count()
	}
	if ss.heard {
		out.last = wall.Add(ss.lastSeen - now)
	}
	if ss.claims.Reports > 0 {
		n := 0
		for _, w := range ss.claims.Warnings {
			if w.Active() {
				n++
			}
		}
		out.warnings = &n
	}
	return out, true
}

// samples are those of the sessions there are, worst state first, then by id:
// what is left out of a part of them is never what matters, and two scrapes
// leave out the same.
func (s *Server) samples() []sample {
	now, wall := s.o.Clock.Now(), s.o.Clock.Wall()
	sessions := s.snapshot()
	out := make([]sample, 0, len(sessions))
	for _, ss := range sessions {
		if x, ok := ss.sample(now, wall); ok {
			out = append(out, x)
		}
	}
	slices.SortFunc(out, func(a, b sample) int {
		return cmp.Or(b.state.severity()-a.state.severity(), strings.Compare(a.id, b.id))
	})
	return out
}

// label makes a text fit for a label: operators name exams as they like.
func label(s string) string {
	if len(s) > labelMost {
		s = s[:labelMost] // at worst in the middle of a letter
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
