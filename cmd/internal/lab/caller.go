//go:build linux

package main

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"examlink/probe/clock"
	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/wire"
)

// caller is one session that only sends probes.
type caller struct {
	conn *link.Conn
	flow *link.Flow

	mu    sync.Mutex
	sent  [64]time.Duration // by sequence number modulo 64
	delay ippm.Histogram
}

// newCaller opens a session.
func newCaller(ctx context.Context, c clock.Clock, address string, pin [32]byte, token string) (*caller, error) {
	conn, err := link.Dial(ctx, link.DialOptions{Server: address, Fingerprint: pin, Clock: c})
	if err != nil {
		return nil, err
	}
	s, err := conn.Open(ctx)
	if err != nil {
		return nil, err
	}
	if err := wire.WriteMessage(s, wire.Message{Type: wire.TypeHello, ID: 1, Hello: &wire.Hello{Token: token, Purpose: "watch"}}); err != nil {
		return nil, err
	}
	m, err := wire.ReadMessage(s)
	if err != nil {
		return nil, err
	}
	if m.Welcome == nil {
		return nil, fmt.Errorf("refused: %+v", m.Refused)
	}
	k := &caller{conn: conn}
	if k.flow, err = conn.NewFlow(m.Welcome.Flow, link.Student); err != nil {
		return nil, err
	}
	conn.Socket().Handle(func(ds []link.Datagram) {
		k.mu.Lock()
		defer k.mu.Unlock()
		for _, d := range ds {
			if h, err := wire.ParseHeader(d.Data); err == nil && h.Kind == wire.KindEcho {
				k.delay.Add(d.At - k.sent[h.Seq%64])
			}
		}
	})
	return k, nil
}

// probe sends the next probe.
func (k *caller) probe(c clock.Clock, buf []byte, to netip.AddrPort) error {
	seq := k.flow.Next(wire.KindProbe)
	now := c.Now()
	k.mu.Lock()
	k.sent[seq%64] = now
	k.mu.Unlock()
	b, err := k.flow.Seal(buf, wire.KindProbe, seq, wire.MinPacketSize, func(b []byte) []byte {
		return wire.AppendProbe(b, wire.Probe{Sent: wire.Stamp(now)})
	})
	if err != nil {
		return err
	}
	return k.conn.Socket().Send(b, to)
}
