package server

import (
	"net/netip"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/wire"
)

// reflector holds the buffers of one read loop, so that reflecting a probe
// allocates nothing: the UDP socket's, or that of one connection by WebSocket.
type reflector struct {
	socket  *link.Socket // the packets' own; nil in tests
	replies []link.Outgoing
	buffers [][]byte
	scratch []byte
}

// reflectBatch is how many replies are sent together by UDP.
const reflectBatch = 32

func (r *reflector) init(batch int) {
	r.replies = make([]link.Outgoing, 0, batch)
	r.buffers = make([][]byte, batch)
	for i := range r.buffers {
		r.buffers[i] = make([]byte, 0, wire.MaxPacketSize)
	}
	r.scratch = make([]byte, 0, wire.MaxPacketSize)
}

// probes takes the probe packets of one read. It runs on the read loop.
func (s *Server) probes(r *reflector, batch []link.Datagram) {
	for _, d := range batch {
		s.probe(r, d)
		if len(r.replies) == cap(r.replies) {
			s.flush(r)
		}
	}
	s.flush(r)
}

func (s *Server) flush(r *reflector) {
	if len(r.replies) == 0 {
		return
	}
	if n := r.socket.SendBatch(r.replies); n > 0 {
		s.metrics.drop[dropSend].Add(float64(n))
	}
	r.replies = r.replies[:0]
}

func (s *Server) probe(r *reflector, d link.Datagram) {
	h, err := wire.ParseHeader(d.Data)
	if err != nil {
		s.metrics.drop[dropMalformed].Inc()
		return
	}
	s.mu.RLock()
	ss := s.flows[h.Flow]
	s.mu.RUnlock()
	if ss == nil {
		s.metrics.drop[dropFlow].Inc()
		return
	}
	ss.mu.Lock()
	flow, socket := ss.flow, ss.socket
	ss.mu.Unlock()
	if flow == nil || flow.ID != h.Flow || socket != r.socket { // a flow belongs to its connection's transport
		s.metrics.drop[dropFlow].Inc()
		return
	}
	body, fate, err := flow.Open(h, d.Data)
	if err != nil {
		s.metrics.drop[dropAuth].Inc()
		return
	}
	if fate != wire.Fresh && fate != wire.Late {
		s.metrics.drop[dropReplay].Inc()
		return
	}
	switch h.Kind {
	case wire.KindProbe:
		s.reflect(r, ss, flow, h, body, d)
	case wire.KindTrain:
		s.trainPacket(r, ss, flow, body, d)
	case wire.KindFeedback:
		if f, err := wire.ParseFeedback(body); err == nil {
			ss.mu.Lock()
			ss.seen(d.At, d.From)
			sender := ss.sender
			ss.mu.Unlock()
			if sender != nil {
				sender.Feedback(f)
			}
		}
	default:
		s.metrics.drop[dropMalformed].Inc()
	}
}

// seen notes an authentic packet; the probe flow follows its address. Called
// with the session's lock held.
func (ss *session) seen(at time.Duration, from netip.AddrPort) {
	ss.lastSeen, ss.heard = max(ss.lastSeen, at), true
	ss.addr = from
	ss.ipv6 = from.Addr().Is6()
}

// reflect answers one authentic, fresh probe with exactly as many bytes.
func (s *Server) reflect(r *reflector, ss *session, flow *link.Flow, h wire.Header, body []byte, d link.Datagram) {
	p, err := wire.ParseProbe(body)
	if err != nil {
		s.metrics.drop[dropMalformed].Inc()
		return
	}
	s.metrics.received.Inc()
	ss.mu.Lock()
	ss.seen(d.At, d.From)
	ss.probing = true
	ss.reorder.Add(uint64(h.Seq))
	if ss.receiver != nil || ss.sender != nil {
		ss.calmFrom = d.At + calmAfter
	} else if d.At >= ss.calmFrom {
		ss.noise.Add(d.At - time.Duration(p.Sent))
	}
	ss.otherBytes += int64(ippm.IPSize(len(d.Data), ss.ipv6))
	allowed := ss.grant.AllowN(time.Now(), 1)
	if !allowed {
		ss.overGrant++
	}
	ss.mu.Unlock()
	if !allowed {
		s.metrics.drop[dropRate].Inc()
		return
	}
	i := len(r.replies)
	earlier := ss.echoed(h.Seq)
	count, window := flow.Last64(wire.KindProbe, h.Seq)
	now := s.o.Clock.Now()
	e := wire.Echo{Received: wire.Stamp(d.At), Sent: wire.Stamp(now), Earlier: earlier, Count: count, Window: window}
	b, err := flow.Seal(r.buffers[i], wire.KindEcho, h.Seq, len(d.Data), func(b []byte) []byte { return wire.AppendEcho(b, e) })
	if err != nil {
		s.metrics.drop[dropMalformed].Inc()
		return
	}
	ss.echoing(h.Seq, now)
	s.metrics.turnaround.Observe((now - d.At).Seconds())
	s.metrics.reflected.Inc()
	r.buffers[i] = b[:0]
	r.replies = append(r.replies, link.Outgoing{Data: b, To: d.From})
}

// departed takes when echoes left the host. It runs on the read loop.
func (s *Server) departed(sent []link.Sent) {
	for _, x := range sent {
		if x.Kind != wire.KindEcho {
			continue
		}
		s.mu.RLock()
		ss := s.flows[x.Flow]
		s.mu.RUnlock()
		if ss == nil {
			continue
		}
		ss.mu.Lock()
		if ss.echo.seq == x.Seq && x.At > ss.echo.sent {
			ss.echo.by = x.At - ss.echo.sent
		}
		ss.mu.Unlock()
	}
}

// echoing notes the stamp of an echo about to be sent.
func (ss *session) echoing(seq wire.Seq, at time.Duration) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	ss.echo = lastEcho{seq: seq, sent: at}
}

// echoed returns how much later than its stamp the echo before seq left the
// host; 0 is not known.
func (ss *session) echoed(seq wire.Seq) time.Duration {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if ss.echo.seq+1 != seq {
		return 0
	}
	return ss.echo.by
}

// trainPacket takes a packet of a train going up.
func (s *Server) trainPacket(r *reflector, ss *session, flow *link.Flow, body []byte, d link.Datagram) {
	p, err := wire.ParseTrain(body)
	if err != nil {
		s.metrics.drop[dropMalformed].Inc()
		return
	}
	ss.mu.Lock()
	ss.seen(d.At, d.From)
	if ss.receiver == nil {
		ss.mu.Unlock()
		s.metrics.drop[dropTrain].Inc()
		return
	}
	if p.Stage == wire.StageEnd {
		if e, err := wire.ParseTrainEnd(body); err == nil {
			ss.receiver.End(p.Train, e)
		}
	}
	f, send := ss.receiver.Arrive(p, d.At, len(d.Data), ss.otherBytes, 0)
	over := ss.receiver.Over(d.At)
	done := ss.rxDone
	ss.mu.Unlock()
	s.metrics.trainBytes.WithLabelValues(string(wire.Up)).Add(float64(ippm.IPSize(len(d.Data), d.From.Addr().Is6())))
	if send {
		if err := flow.SendFeedback(r.socket, d.From, r.scratch, f); err != nil {
			s.metrics.drop[dropSend].Inc()
		}
	}
	if over {
		select {
		case done <- struct{}{}:
		default:
		}
	}
}
