// Package monitor accounts for the monitor stream: it turns periodic probes and their
// echoes into delay, delay variation, loss and reordering of each direction (RFC
// 2681, 7679, 7680, 3393, 5481, 4737, 5560). Each packet enters the account once,
// when its fate is known.
// It does not know sockets, nor what a figure means for an exam.
package monitor

import (
	"sync"
	"time"

	"examlink/probe/clock"
	"examlink/probe/ippm"
	"examlink/probe/wire"
)

// fate is the state of one packet of the monitor stream.
type fate uint8

const (
	pending fate = iota
	arrived
	unsent
)

// followWait is how long an arrived packet waits for the next echo, which carries the
// time its own echo left the server.
const followWait = 250 * time.Millisecond

// Chosen by us: a round trip above congestedFactor times the lowest plus
// congestedRise indicates a queue.
const (
	congestedFactor = 2
	congestedRise   = 100 * time.Millisecond
)

type slot struct {
	fate    fate
	left    time.Duration // when the packet left the host according to the system; 0: not known
	told    bool          // the time its echo left the server is known, or will not be
	seen    bool          // the server has reported it as received
	covered bool          // the server has reported whether it received it
	sent    time.Duration
	x       clock.Exchange
	w       *Window // the window it was sent in
	noRoute bool    // unsent because there was no route
	loaded  bool    // sent while one of our trains loaded the link, or disturbed
	// disturbed: the other end was too busy to stamp it on time
	disturbed bool
}

// Stream is the monitor stream of one probe flow: it settles packets in sequence
// order and adds them to the current window and the total. It is safe for concurrent
// use.
type Stream struct {
	lossAfter time.Duration
	HidesLoss bool // a loss shows as delay, and a packet may be refused because TCP is stalled
	// Mirrored says that it is the other end whose directions accounts have: up is then from
	// the reflector to the sender. Set before the first packet.
	Mirrored bool

	mu     sync.Mutex
	first  wire.Seq // sequence number of slots[0]
	slots  []slot
	window *Window
	total  *Account // of this stream, by its own directions; its loss runs cross windows

	echoes     wire.Window
	lastEcho   time.Duration
	excused    time.Duration // silence before it is attributed to this host
	echoed     bool
	gap        time.Duration // longest time between two echoes
	gaps       gaps
	offset     clock.Offset
	jitterUp   ippm.Jitter
	jitterDown ippm.Jitter
	noise      ippm.Variation
	calmFrom   time.Duration // before it, our own trains cause the noise
	lastRTT    time.Duration
	lowestRTT  time.Duration // 0: none since the start or the last resync
	latestSent time.Duration // highest server send stamp so far
	echoBytes  int64
	refused    uint64 // unsent packets that used up a sequence number
	overflowed uint64 // packets this host dropped unread, as last reported
	follows    bool   // the server reports when its echoes left

	prev      clock.Exchange // the last settled packet, if it arrived
	prevValid bool
}

func NewStream(lossAfter time.Duration, now time.Duration) *Stream {
	return &Stream{lossAfter: lossAfter, first: 1, window: &Window{from: now}, total: new(Account), lastEcho: now, calmFrom: now, gaps: gaps{least: usualGap}}
}

// Reserve records that a packet is about to be sent.
func (m *Stream) Reserve(s wire.Seq, at time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s == m.first+wire.Seq(len(m.slots)) {
		m.slots = append(m.slots, slot{sent: at, w: m.window, loaded: at < m.calmFrom})
	}
}

// Departed records when a packet left the host according to the system.
func (m *Stream) Departed(s wire.Seq, at time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := int(s - m.first); s >= m.first && i < len(m.slots) && at >= m.slots[i].sent {
		m.slots[i].left = at
	}
}

// Disturb records that the other end was too busy to stamp a packet on time: its delay
// says nothing about the link. Call it before Echo.
func (m *Stream) Disturb(s wire.Seq) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := int(s - m.first); s >= m.first && i < len(m.slots) && !m.slots[i].loaded {
		m.slots[i].loaded, m.slots[i].disturbed = true, true
	}
}

// Refuse records that the system refused to send a reserved packet; noRoute means
// because there was no route.
func (m *Stream) Refuse(s wire.Seq, noRoute bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := int(s - m.first); s >= m.first && i < len(m.slots) {
		m.slots[i].fate, m.slots[i].noRoute = unsent, noRoute
		m.refused++
	}
}

// Skip records n slots of the schedule that passed before the host reached them.
func (m *Stream) Skip(n uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.window.Unsent += n
}

// Paced records how late a packet left.
func (m *Stream) Paced(late time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.window.Pacing.Add(late)
}

// Overflow updates the total number of packets that this host has dropped unread.
func (m *Stream) Overflow(total uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if total > m.overflowed {
		m.window.LocalDrops += total - m.overflowed
		m.overflowed = total
	}
}

// ProbeBody returns the body of the next probe.
func (m *Stream) ProbeBody(at time.Duration) wire.Probe {
	m.mu.Lock()
	defer m.mu.Unlock()
	return wire.Probe{
		Sent: wire.Stamp(at), EchoCount: m.echoes.Count(), EchoHighest: m.echoes.Highest(),
		Unsent: m.total.Unsent + m.window.Unsent,
	}
}

// Echo handles an authentic echo that arrived at at, size bytes at the IP layer; lag
// is how much later it was read.
func (m *Stream) Echo(s wire.Seq, e wire.Echo, at, lag time.Duration, size int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch m.echoes.Accept(s) {
	case wire.Duplicate:
		m.window.DuplicatesDown++
		return
	case wire.Stale:
		m.window.Late++
		return
	}
	m.echoBytes += int64(size)
	m.window.ReadLag.Add(lag)
	silent := at - max(m.lastEcho, m.excused)
	m.gap = max(m.gap, silent)
	m.gaps.echo(s, silent)
	m.lastEcho, m.echoed = at, true
	m.learn(s, e)
	m.follow(s, e.Earlier)
	if s < m.first || s >= m.first+wire.Seq(len(m.slots)) {
		m.window.Late++
		return
	}
	sl := &m.slots[s-m.first]
	sl.fate = arrived
	sl.x = clock.Exchange{T1: max(sl.sent, sl.left), T2: time.Duration(e.Received), T3: time.Duration(e.Sent), T4: at}
	m.lastRTT = sl.x.RoundTrip()
	if m.lowestRTT == 0 || m.lastRTT < m.lowestRTT {
		m.lowestRTT = max(m.lastRTT, 1)
	}
	m.jitterUp.Add(sl.x.T2 - sl.x.T1)
	m.jitterDown.Add(sl.x.T4 - sl.x.T3)
	if at >= m.calmFrom {
		m.noise.Add(sl.x.T4 - sl.x.T3)
	}
	if m.echoes.Count() > 1 && sl.x.T3 < m.latestSent {
		m.window.ReorderedDown++
	} else {
		m.latestSent = sl.x.T3
	}
	m.settle(at)
}

// follow records that the echo before s left the server by later than its stamp; 0 is
// not known. Called locked.
func (m *Stream) follow(s wire.Seq, by time.Duration) {
	if by > 0 {
		m.follows = true
	}
	if s <= m.first || s-1 >= m.first+wire.Seq(len(m.slots)) {
		return
	}
	sl := &m.slots[s-1-m.first]
	if sl.fate == arrived && !sl.told {
		sl.x.T3 += by
	}
	sl.told = true
}

// learn applies an echo's report on earlier packets. Called locked.
func (m *Stream) learn(s wire.Seq, e wire.Echo) {
	for i := range wire.Seq(64) {
		if i >= s || s-i < m.first {
			break
		}
		if q := s - i - m.first; q < wire.Seq(len(m.slots)) {
			m.slots[q].covered = true
			m.slots[q].seen = m.slots[q].seen || e.Window>>i&1 == 1
		}
	}
	if m.total.LostUnknown == 0 || s != m.echoes.Highest() {
		return // closed windows do not change: only the total is corrected
	}
	// The count shows how many of the packets up to s never reached the server:
	// those not yet known are among the losses of unknown direction.
	up := int64(s) - int64(m.refused) - int64(e.Count)
	known := int64(m.window.LostUp + m.total.LostUp)
	for i := range m.slots {
		if m.first+wire.Seq(i) > s {
			break
		}
		if sl := &m.slots[i]; sl.fate == pending && !sl.seen {
			known++
		}
	}
	unknown := int64(m.total.LostUnknown)
	upward := uint64(min(max(up-known, 0), unknown))
	m.total.LostUp += upward
	m.total.LostDown += uint64(unknown) - upward
	m.total.LostUnknown = 0
}

// Reconcile applies the server's exact count after everything has settled. It
// redistributes the losses between the directions; their number, in the current
// window and before it, does not change.
func (m *Stream) Reconcile(c wire.Count) {
	m.mu.Lock()
	defer m.mu.Unlock()
	sent := int64(m.first) - 1 - int64(m.refused)
	now, before := int64(m.window.Lost()), int64(m.total.Lost())
	up := min(max(sent-int64(c.Received), 0), now+before)
	upBefore := min(max(up-int64(m.window.LostUp), 0), before)
	upNow := up - upBefore
	m.total.LostUp, m.total.LostDown, m.total.LostUnknown = uint64(upBefore), uint64(before-upBefore), 0
	m.window.LostUp, m.window.LostDown, m.window.LostUnknown = uint64(upNow), uint64(now-upNow), 0
}
