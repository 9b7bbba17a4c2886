package browser

import (
	"context"
	"time"

	"examlink/probe/clock"
	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/monitor"
	"examlink/probe/wire"
)

// lagMost is how late a page may be to handle an event before its stamps are in doubt.
// Chosen by us.
const lagMost = 8 * time.Millisecond

// packet builds a packet for the page. It is not sealed: it travels in a connection that
// is.
func (l *Line) packet(k wire.Kind, seq wire.Seq, size int, body func([]byte) []byte) []byte {
	b := body(wire.AppendHeader(make([]byte, 0, size), wire.Header{Kind: k, Flow: l.o.Flow, Seq: seq}))
	return append(b, make([]byte, max(size-len(b), 0))...)
}

// number reserves the next sequence number of a kind; the first is 1.
func (l *Line) number(k wire.Kind) wire.Seq { return wire.Seq(l.seqs[k].Add(1)) }

func (l *Line) send(b []byte) error { return l.o.Conn.Socket().Send(b, l.to) }

// sendProbes sends the monitor stream until ctx ends.
func (l *Line) sendProbes(ctx context.Context, w clock.Waiter) {
	monitor.Pacer{
		Stream: l.monitor, Clock: l.o.Clock, Waiter: w,
		Interval: func() time.Duration { return time.Duration(l.interval.Load()) },
		Next:     func() wire.Seq { return l.number(wire.KindProbe) },
		Send: func(seq wire.Seq, p wire.Probe) error {
			return l.send(l.packet(wire.KindProbe, seq, wire.MinPacketSize, func(b []byte) []byte { return wire.AppendProbe(b, p) }))
		},
		NoRoute: link.Refused,
	}.Run(ctx)
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
