package monitor

import (
	"time"

	"examlink/probe/wire"
)

// usualGap is the shortest silence that counts as an interruption. Chosen by us: half
// of the time after which a watch reports one.
const usualGap = 1500 * time.Millisecond

// gaps tells losses of an interruption from others. Nothing comes back in one, so its
// packets lie between two echoed ones, or after the last.
type gaps struct {
	least time.Duration
	last  wire.Seq      // the highest one echoed; 0: none
	over  [][2]wire.Seq // the echoed ones on either side of each interruption, oldest first
}

// CountGaps sets the shortest silence that counts as an interruption.
func (m *Stream) CountGaps(least time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gaps.least = least
}

// echo adds an echo that ended a silence.
func (g *gaps) echo(s wire.Seq, silent time.Duration) {
	if silent >= g.least && s > g.last {
		g.over = append(g.over, [2]wire.Seq{g.last, s})
	}
	g.last = max(g.last, s)
}

// holds reports whether a packet that is lost was sent in an interruption; silent is how
// long the current silence has lasted.
func (g *gaps) holds(s wire.Seq, silent time.Duration) bool {
	if s > g.last {
		return silent >= g.least
	}
	for _, x := range g.over {
		if s > x[0] && s < x[1] {
			return true
		}
	}
	return false
}

// forget drops the interruptions before a packet.
func (g *gaps) forget(first wire.Seq) {
	for len(g.over) > 0 && g.over[0][1] <= first {
		g.over = g.over[1:]
	}
}

// lostInGap counts a packet that was lost in an interruption.
func (a *Account) lostInGap(sl *slot) {
	switch {
	case sl.seen:
		a.GapDown++
	case sl.covered:
		a.GapUp++
	default:
		a.GapUnknown++
	}
}
