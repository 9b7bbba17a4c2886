package rehearsal

import (
	"maps"
	"slices"
	"time"
)

// Chosen by us, as browsers do it when they receive.
const (
	askEvery = 150 * time.Millisecond // between two requests for the same packet
	askMost  = 10                     // requests for one packet
	gapMost  = 200                    // packets between two that arrived; more are given up
)

// gap is a packet that has not arrived although a later one has.
type gap struct {
	asked time.Duration // when it was last asked for
	times int
}

// miss notes the packets before a new newest one that have not arrived.
func (t *Trace) miss(seq int64) {
	if t.missing == nil {
		t.missing = map[int64]*gap{}
	}
	for s := max(t.newest.seq+1, seq-gapMost); s < seq; s++ {
		t.missing[s] = &gap{}
	}
}

// Ask returns the sequence numbers to be asked for now, in their order, and notes that they
// have been. It gives up what has been asked for often enough.
func (t *Trace) Ask(now time.Duration) (list []uint16) {
	for _, seq := range slices.Sorted(maps.Keys(t.missing)) {
		g := t.missing[seq]
		switch {
		case g.times >= askMost:
			delete(t.missing, seq)
		case g.times == 0 || now-g.asked >= askEvery:
			g.times++
			g.asked = now
			list = append(list, uint16(seq))
		}
	}
	return list
}
