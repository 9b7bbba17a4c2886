package browser

import (
	"context"
	"time"

	"examlink/probe/clock"
	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/wire"
)

// lagMost is how late a page may be to handle an event before its stamps are in doubt.
// Chosen by us.
const lagMost = 8 * time.Millisecond

// packet builds a packet for the page. It is not sealed: it travels in a connection that
// is.
func (l *Line) packet(buf []byte, k wire.Kind, size int, body func([]byte) []byte) ([]byte, wire.Seq) {
	seq := wire.Seq(l.seqs[k].Add(1))
	b := body(wire.AppendHeader(buf[:0], wire.Header{Kind: k, Flow: l.o.Flow, Seq: seq}))
	return append(b, make([]byte, max(size-len(b), 0))...), seq
}

func (l *Line) send(b []byte) error { return l.o.Conn.Socket().Send(b, l.to) }

// sendProbes sends the monitor stream on an absolute schedule until ctx ends.
func (l *Line) sendProbes(ctx context.Context, w clock.Waiter) {
	c := l.o.Clock
	next := c.Now()
	for w.Wait(ctx, next) == nil {
		interval := time.Duration(l.interval.Load())
		late := c.Now() - next
		if late >= interval {
			n := late / interval
			l.monitor.Skip(uint64(n))
			next += n * interval
		}
		l.monitor.Paced(late)
		now := c.Now()
		p := l.monitor.ProbeBody(now)
		b, seq := l.packet(nil, wire.KindProbe, wire.MinPacketSize, func(b []byte) []byte { return wire.AppendProbe(b, p) })
		l.monitor.Reserve(seq, now)
		if err := l.send(b); err != nil {
			l.monitor.Refuse(seq, link.Refused(err))
		}
		next += interval
	}
}

// packets handles the page's packets of one read. It runs on the read loop.
func (l *Line) packets(batch []link.Datagram) {
	for _, d := range batch {
		h, err := wire.ParseHeader(d.Data)
		if err != nil || h.Flow != l.o.Flow {
			continue
		}
		body := d.Data[wire.HeaderSize:]
		l.o.Seen(d.At, d.From)
		switch h.Kind {
		case wire.KindEcho:
			if e, err := wire.ParseEcho(body); err == nil {
				if wire.PageLag(body) > lagMost {
					l.monitor.Disturb(h.Seq)
				}
				l.monitor.Echo(h.Seq, e, d.At, d.Lag, ippm.IPSize(len(d.Data), l.ipv6))
			}
		case wire.KindTrain:
			if p, err := wire.ParseTrain(body); err == nil {
				l.trainPacket(p, body, d)
			}
		}
	}
}
