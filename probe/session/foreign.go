package session

import (
	"sync"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/wire"
)

// Chosen by us.
const (
	// trafficEvery is the shortest time between two readings of the counters.
	trafficEvery = 5 * time.Millisecond
	// trafficSpan is the time over which the rate of other programs is averaged.
	trafficSpan = 2 * time.Second
)

// Foreign tracks the traffic of this host's other programs: what the interface
// carried, less our own bytes. The video of an exam is such traffic, and a link that
// it fills is not a slow one. It is safe for concurrent use.
type Foreign struct {
	read func() (received, sent uint64, ok bool)
	own  func() (received, sent int64) // our own bytes so far

	mu    sync.Mutex
	at    time.Duration // of the latest reading
	known bool
	// Other programs' bytes at the latest reading. The interface counts what has
	// arrived before this program has read it, and what is sent after this program
	// has: down is at times too high, up too low. So up never decreases, but down may.
	down, up uint64

	past []trafficPoint // one per tenth of trafficSpan or longer
}

type trafficPoint struct {
	at       time.Duration
	down, up uint64
}

// Bytes returns other programs' bytes so far, from an arbitrary start; ok is false
// if they are not known. While packets of ours wait to be read, down is too high by
// them.
func (t *Foreign) Bytes(now time.Duration) (down, up uint64, ok bool) {
	if t == nil || t.read == nil {
		return 0, 0, false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known && now-t.at < trafficEvery {
		return t.down, t.up, true
	}
	received, sent, ok := t.read()
	if !ok {
		return t.down, t.up, t.known
	}
	ownDown, ownUp := t.own()
	t.at, t.known = now, true
	t.down = received - min(received, uint64(ownDown))
	t.up = max(t.up, sent-min(sent, uint64(ownUp)))
	if n := len(t.past); n == 0 || now-t.past[n-1].at >= trafficSpan/10 {
		t.past = append(t.past, trafficPoint{now, t.down, t.up})
		for len(t.past) > 1 && now-t.past[1].at >= trafficSpan {
			t.past = t.past[1:]
		}
	}
	return t.down, t.up, true
}

// Rate returns the recent rate of other programs' traffic, bit/s as the interface
// counts (at best, IP layer); 0 if not known.
func (t *Foreign) Rate(now time.Duration) (down, up ippm.Rate) {
	d, u, ok := t.Bytes(now)
	if !ok {
		return 0, 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.past) == 0 {
		return 0, 0
	}
	first := t.past[0]
	span := (now - first.at).Seconds()
	if span < trafficSpan.Seconds()/4 {
		return 0, 0
	}
	return ippm.Rate(float64(d-min(d, first.down)) * 8 / span), ippm.Rate(float64(u-first.up) * 8 / span)
}

// Others sums the traffic of other programs during rate tests, by direction.
type Others struct {
	s      *Session
	bytes  map[wire.Direction]float64
	tested map[wire.Direction]time.Duration
	missed bool // a reading of the counters failed

	known bool
	began moved
}

// moved holds the byte counts at one time.
type moved struct {
	at             time.Duration
	down, up       uint64 // by other programs
	ownDown, ownUp int64
}

// NewOthers returns the sums of a session; nil: of one whose other programs are not known.
func NewOthers(s *Session) *Others {
	return &Others{s: s, bytes: map[wire.Direction]float64{}, tested: map[wire.Direction]time.Duration{}}
}

func (o *Others) now() (m moved, known bool) {
	if o.s == nil {
		return m, false
	}
	m.at = o.s.Config.Clock.Now()
	m.down, m.up, known = o.s.Foreign.Bytes(m.at)
	m.ownDown, m.ownUp = o.s.OwnBytes()
	return m, known
}

// Begin begins a test.
func (o *Others) Begin() { o.began, o.known = o.now() }

// End ends a test of one direction. Bytes no more than the link headers of our own
// packets, which an interface counts too, are ignored, as in trains.
func (o *Others) End(d wire.Direction) {
	m, known := o.now()
	if !known || !o.known {
		o.missed = true
		return
	}
	theirs, ours := float64(m.down-min(m.down, o.began.down)), float64(m.ownDown-o.began.ownDown)
	if d == wire.Up {
		theirs, ours = float64(m.up-o.began.up), float64(m.ownUp-o.began.ownUp)
	}
	if theirs < ippm.ForeignShare*ours {
		theirs = 0
	}
	o.bytes[d] += theirs
	o.tested[d] += m.at - o.began.at
}

// Rate returns the mean rate during the tests of one direction, bit/s; nil if it was
// unknown in any test.
func (o *Others) Rate(d wire.Direction) *float64 {
	if o.missed || o.tested[d] <= 0 {
		return nil
	}
	r := o.bytes[d] * 8 / o.tested[d].Seconds()
	return &r
}
