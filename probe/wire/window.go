package wire

// windowSize is the distance behind the highest sequence number within which
// late packets are distinguished from replays. 1,024 packets are 1.7 minutes of
// the monitor stream and 50 ms of a train at 200 Mbit/s.
const windowSize = 1024

// Window records which sequence numbers have been received, so that each counts
// once (RFC 4303, section 3.4.3 describes the technique). The zero value is
// ready. It is not safe for concurrent use.
type Window struct {
	bits    [windowSize / 64]uint64
	highest Seq
	count   uint64
	dup     uint64
	stale   uint64
}

// Fate classifies a sequence number passed to Accept.
type Fate uint8

// The fates.
const (
	Fresh     Fate = iota // first time seen, higher than all before
	Late                  // first time seen, lower than an earlier one
	Duplicate             // seen before
	Stale                 // zero, or too old to tell: treated as a replay
)

// Accept records s and classifies it. Fresh and Late packets are new.
func (w *Window) Accept(s Seq) Fate {
	switch {
	case s == 0:
		w.stale++
		return Stale
	case s > w.highest:
		w.advance(s)
		w.set(s)
		w.count++
		return Fresh
	case w.highest-s >= windowSize:
		w.stale++
		return Stale
	case w.has(s):
		w.dup++
		return Duplicate
	}
	w.set(s)
	w.count++
	return Late
}

func (w *Window) advance(s Seq) {
	if s-w.highest >= windowSize {
		clear(w.bits[:])
	} else {
		for i := w.highest + 1; i < s; i++ {
			w.bits[i/64%Seq(len(w.bits))] &^= 1 << (i % 64)
		}
	}
	w.highest = s
}

func (w *Window) set(s Seq)      { w.bits[s/64%Seq(len(w.bits))] |= 1 << (s % 64) }
func (w *Window) has(s Seq) bool { return w.bits[s/64%Seq(len(w.bits))]&(1<<(s%64)) != 0 }

// Last64 returns the receive window that ends at s: bit i is set if s-i has
// been received. Sequence numbers too far behind the highest read as absent.
func (w *Window) Last64(s Seq) uint64 {
	var out uint64
	for i := range Seq(64) {
		if i >= s {
			break
		}
		q := s - i
		if q <= w.highest && w.highest-q < windowSize && w.has(q) {
			out |= 1 << i
		}
	}
	return out
}

// Highest returns the highest sequence number received, 0 for none.
func (w *Window) Highest() Seq { return w.highest }

// Count returns the number of distinct sequence numbers received.
func (w *Window) Count() uint64 { return w.count }

// Duplicates returns the number of duplicates received.
func (w *Window) Duplicates() uint64 { return w.dup }

// StaleCount returns the number of packets too old to be distinguished from
// replays.
func (w *Window) StaleCount() uint64 { return w.stale }
