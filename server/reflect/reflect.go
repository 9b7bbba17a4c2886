// Package reflect answers probes: it finds a packet's flow, decrypts the
// packet, counts it and sends an echo of the same size. It passes train packets
// to the session's Trains.
//
// It knows nothing of join tokens, control messages and the use of the figures.
package reflect

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/wire"
	"examlink/server/session"
)

// Chosen by us.
const (
	// batchUDP is the number of UDP replies sent per batch.
	batchUDP = 32
	// grantBurst is the burst a session may send, in seconds of its probe rate.
	grantBurst = 2
	// CalmAfter is the time queues may take to drain after a train.
	CalmAfter = time.Second
)

// Trains handles a session's train packets. Its methods are called on read
// loops and do not block.
type Trains interface {
	// Packet handles a packet of a train going up, received as d after other
	// IP-layer bytes of probes; ok is false when no train is expected.
	Packet(p wire.TrainPacket, body []byte, d link.Datagram, other int64) (f wire.Feedback, send, ok bool)
	// Feedback handles the receiver's feedback on a train going down.
	Feedback(f wire.Feedback)
	// Running reports whether a train of the session is running.
	Running() bool
}

// Flow is the probe flow of one connection. It is safe for concurrent use.
type Flow struct {
	Session *session.Session
	Conn    *link.Conn
	Link    *link.Flow
	socket  *link.Socket // the connection's; it carries the probe packets
	trains  Trains

	mu         sync.Mutex
	grant      *rate.Limiter
	overGrant  uint64
	reorder    ippm.Reordering
	noise      ippm.Variation
	calmFrom   time.Duration // before it, our own trains cause the noise
	otherBytes int64         // IP-layer bytes of probes received
	echo       lastEcho
}

// lastEcho is the latest echo of a flow.
type lastEcho struct {
	seq  wire.Seq
	sent time.Duration // its send timestamp
	by   time.Duration // delay from that timestamp to departure; 0: unknown
}

// Count returns the exact packet counts of the monitor stream.
func (f *Flow) Count() wire.Count {
	f.mu.Lock()
	defer f.mu.Unlock()
	w := f.Link.Received(wire.KindProbe)
	return wire.Count{
		Received: w.Count(), Highest: w.Highest(), Duplicates: w.Duplicates(),
		Reordered: f.reorder.Reordered(), Dropped: f.overGrant,
	}
}

// Noise returns the delay variation in the up direction, the median of |IPDV|.
func (f *Flow) Noise() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.noise.Median()
}

// Loop answers the packets of one read loop, that of the UDP socket or of one
// WebSocket connection. It owns the buffers, so that answering a probe
// allocates nothing.
type Loop struct {
	table   *Table
	socket  *link.Socket // the socket read from; nil in tests
	replies []link.Outgoing
	buffers [][]byte
	scratch []byte
}

// Serve answers the packets of a socket on its read loop.
func (t *Table) Serve(socket *link.Socket, udp bool) {
	batch := 1
	if udp {
		batch = batchUDP
		socket.HandleSent(t.departed)
	}
	l := t.loop(socket, batch)
	socket.Handle(l.take)
}

func (t *Table) loop(socket *link.Socket, batch int) *Loop {
	l := &Loop{table: t, socket: socket, replies: make([]link.Outgoing, 0, batch), buffers: make([][]byte, batch)}
	for i := range l.buffers {
		l.buffers[i] = make([]byte, 0, wire.MaxSizePacket)
	}
	l.scratch = make([]byte, 0, wire.MaxPacketSize)
	return l
}

// take handles the packets of one read.
func (l *Loop) take(batch []link.Datagram) {
	for _, d := range batch {
		l.packet(d)
		if len(l.replies) == cap(l.replies) {
			l.flush()
		}
	}
	l.flush()
}

func (l *Loop) flush() {
	if len(l.replies) == 0 {
		return
	}
	if n := l.socket.SendBatch(l.replies); n > 0 {
		l.table.metrics.drop[dropSend].Add(float64(n))
	}
	l.replies = l.replies[:0]
}

func (l *Loop) packet(d link.Datagram) {
	m := l.table.metrics
	h, err := wire.ParseHeader(d.Data)
	if err != nil {
		m.drop[dropMalformed].Inc()
		return
	}
	f := l.table.find(h.Flow)
	if f == nil || f.socket != l.socket { // a flow belongs to its connection's transport
		m.drop[dropFlow].Inc()
		return
	}
	body, fate, err := f.Link.Open(h, d.Data)
	if err != nil {
		m.drop[dropAuth].Inc()
		return
	}
	if fate != wire.Fresh && fate != wire.Late {
		m.drop[dropReplay].Inc()
		return
	}
	switch h.Kind {
	case wire.KindProbe:
		l.reflect(f, h, body, d)
	case wire.KindTrain:
		l.train(f, body, d)
	case wire.KindFeedback:
		if fb, err := wire.ParseFeedback(body); err == nil {
			f.Session.Seen(d.At, d.From)
			f.trains.Feedback(fb)
		}
	case wire.KindSize:
		l.size(f, h, d)
	default:
		m.drop[dropMalformed].Inc()
	}
}

// probed counts a probe; it returns false if the probe exceeds the grant.
// earlier is the delay from the previous echo's timestamp to its departure, 0
// if unknown.
func (f *Flow) probed(h wire.Header, p wire.Probe, d link.Datagram) (earlier time.Duration, allowed bool) {
	f.Session.SeenProbe(d.At, d.From)
	running := f.trains.Running()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reorder.Add(uint64(h.Seq))
	if running {
		f.calmFrom = d.At + CalmAfter
	} else if d.At >= f.calmFrom {
		f.noise.Add(d.At - time.Duration(p.Sent))
	}
	f.otherBytes += int64(ippm.IPSize(len(d.Data), d.From.Addr().Is6()))
	if !f.grant.AllowN(time.Unix(0, int64(d.At)), 1) {
		f.overGrant++
		return 0, false
	}
	if f.echo.seq+1 == h.Seq {
		earlier = f.echo.by
	}
	return earlier, true
}

// reflect answers one authentic, fresh probe with an echo of the same size.
func (l *Loop) reflect(f *Flow, h wire.Header, body []byte, d link.Datagram) {
	m := l.table.metrics
	p, err := wire.ParseProbe(body)
	if err != nil {
		m.drop[dropMalformed].Inc()
		return
	}
	m.received.Inc()
	earlier, allowed := f.probed(h, p, d)
	if !allowed {
		m.drop[dropRate].Inc()
		return
	}
	i := len(l.replies)
	count, window := f.Link.Last64(wire.KindProbe, h.Seq)
	now := l.table.clock.Now()
	e := wire.Echo{Received: wire.Stamp(d.At), Sent: wire.Stamp(now), Earlier: earlier, Count: count, Window: window}
	b, err := f.Link.Seal(l.buffers[i], wire.KindEcho, h.Seq, len(d.Data), func(b []byte) []byte { return wire.AppendEcho(b, e) })
	if err != nil {
		m.drop[dropMalformed].Inc()
		return
	}
	f.mu.Lock()
	f.echo = lastEcho{seq: h.Seq, sent: now}
	f.mu.Unlock()
	m.turnaround.Observe((now - d.At).Seconds())
	m.reflected.Inc()
	l.buffers[i] = b[:0]
	l.replies = append(l.replies, link.Outgoing{Data: b, To: d.From})
}

// size answers a packet that tries a size with one of the same size. Such packets
// share the grant of the probes.
func (l *Loop) size(f *Flow, h wire.Header, d link.Datagram) {
	m := l.table.metrics
	f.Session.Seen(d.At, d.From)
	f.mu.Lock()
	f.otherBytes += int64(ippm.IPSize(len(d.Data), d.From.Addr().Is6()))
	allowed := f.grant.AllowN(time.Unix(0, int64(d.At)), 1)
	f.mu.Unlock()
	if !allowed {
		m.drop[dropRate].Inc()
		return
	}
	i := len(l.replies)
	b, err := f.Link.Seal(l.buffers[i], wire.KindSize, h.Seq, len(d.Data), wire.AppendSize)
	if err != nil {
		m.drop[dropMalformed].Inc()
		return
	}
	l.buffers[i] = b[:0]
	l.replies = append(l.replies, link.Outgoing{Data: b, To: d.From})
}

// departed records the departure times of echoes. It runs on the read loop.
func (t *Table) departed(sent []link.Sent) {
	for _, x := range sent {
		if x.Kind != wire.KindEcho {
			continue
		}
		f := t.find(x.Flow)
		if f == nil {
			continue
		}
		f.mu.Lock()
		if f.echo.seq == x.Seq && x.At > f.echo.sent {
			f.echo.by = x.At - f.echo.sent
		}
		f.mu.Unlock()
	}
}

// train handles a packet of a train going up.
func (l *Loop) train(f *Flow, body []byte, d link.Datagram) {
	m := l.table.metrics
	p, err := wire.ParseTrain(body)
	if err != nil {
		m.drop[dropMalformed].Inc()
		return
	}
	f.Session.Seen(d.At, d.From)
	f.mu.Lock()
	other := f.otherBytes
	f.mu.Unlock()
	fb, send, ok := f.trains.Packet(p, body, d, other)
	if !ok {
		m.drop[dropTrain].Inc()
		return
	}
	if send && f.Link.SendFeedback(l.socket, d.From, l.scratch, fb) != nil {
		m.drop[dropSend].Inc()
	}
}

// Address returns the destination of trains going down.
func (f *Flow) Address() netip.AddrPort { return f.Conn.Remote() }
