package session

import (
	"context"
	"time"

	"examlink/probe/clock"
	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/monitor"
	"examlink/probe/wire"
)

// SetInterval sets the spacing of the monitor stream, but not below the server's
// grant: probes that are not reflected would look like loss.
func (s *Session) SetInterval(d time.Duration) {
	if r := s.Welcome.Grant.ProbeRate; r > 0 {
		d = max(d, time.Duration(float64(time.Second)/r))
	}
	s.interval.Store(int64(d))
}

// Pause ends the monitor stream; the rest of the session continues.
func (s *Session) Pause() { s.cancel() }

// ProbeSize returns the size of a probe at the IP layer.
func (s *Session) ProbeSize() int { return ippm.IPSize(s.Config.PacketSize, s.ipv6) }

// sendProbes sends the monitor stream until ctx ends.
func (s *Session) sendProbes(ctx context.Context, w clock.Waiter) {
	buf := make([]byte, 0, wire.MaxPacketSize)
	monitor.Pacer{
		Stream: s.Monitor, Clock: s.Config.Clock, Waiter: w,
		Interval: func() time.Duration { return time.Duration(s.interval.Load()) },
		Next:     func() wire.Seq { return s.flow.Next(wire.KindProbe) },
		Send: func(seq wire.Seq, p wire.Probe) error {
			b, err := s.flow.Seal(buf, wire.KindProbe, seq, s.Config.PacketSize, func(b []byte) []byte { return wire.AppendProbe(b, p) })
			if err == nil {
				err = s.Conn.Socket().Send(b, s.Remote)
			}
			return err
		},
		NoRoute: link.Refused,
		Late: func(late time.Duration) {
			if int64(late) > s.stalled.Load() {
				s.stalled.Store(int64(late))
			}
		},
	}.Run(ctx)
}

// departed records when probes left the host. It runs on the read loop.
func (s *Session) departed(sent []link.Sent) {
	for _, x := range sent {
		if x.Kind == wire.KindProbe && x.Flow == s.flow.ID {
			s.Monitor.Departed(x.Seq, x.At)
		}
	}
}

// probes handles the probe packets of one read. It runs on the read loop.
func (s *Session) probes(batch []link.Datagram) {
	s.Monitor.Overflow(s.Conn.Socket().Overflow())
	for _, d := range batch {
		h, err := wire.ParseHeader(d.Data)
		if err != nil || h.Flow != s.flow.ID {
			continue
		}
		body, fate, err := s.flow.Open(h, d.Data)
		if err != nil {
			continue
		}
		fresh := fate == wire.Fresh || fate == wire.Late
		switch h.Kind {
		case wire.KindEcho: // the stream itself counts duplicates
			if e, err := wire.ParseEcho(body); err == nil {
				s.Monitor.Echo(h.Seq, e, d.At, d.Lag, ippm.IPSize(len(d.Data), s.ipv6))
			}
		case wire.KindFeedback:
			if f, err := wire.ParseFeedback(body); err == nil && fresh {
				s.mu.Lock()
				s.spentDn += int64(ippm.IPSize(len(d.Data), s.ipv6))
				tx := s.sender
				s.mu.Unlock()
				if tx != nil {
					tx.Feedback(f)
				}
			}
		case wire.KindSize:
			if fresh {
				s.sized(h.Seq, len(d.Data))
			}
		case wire.KindTrain:
			if p, err := wire.ParseTrain(body); err == nil && fresh {
				s.trainPacket(p, body, d)
			}
		}
	}
}
