package session

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"examlink/probe/clock"
	"examlink/probe/link"
)

// Config configures a session. All fields except Server, Others, System, Traffic, Resolver,
// Socket and TCP must be set.
type Config struct {
	Token       string        // the join token
	Server      string        // host:port
	Others      []string      // further servers, which Dial tries in this order
	Interval    time.Duration // spacing of the monitor stream
	PacketSize  int           // UDP payload of its packets, bytes
	LossAfter   time.Duration // how long a packet may take before it counts as lost
	TrainPacket int           // UDP payload of a train's packets, bytes
	Version     string        // of this program, for the server
	System      string        // operating system and architecture; empty: this host's
	Log         *slog.Logger

	// Traffic returns how many bytes the interface towards the server has received
	// and sent, for all programs; nil or ok false: not known. It is called often and
	// must be cheap.
	Traffic func() (received, sent uint64, ok bool)

	// Clock, NewWaiter, Resolver, Socket and TCP replace this host's in tests;
	// Socket and TCP get an address of the server.
	Clock     clock.Clock
	NewWaiter func(clock.Clock) (clock.Waiter, error)
	Resolver  link.Resolver
	Socket    func(context.Context, netip.AddrPort) (net.PacketConn, error)
	TCP       func(context.Context, netip.AddrPort) (net.Conn, error)
}
