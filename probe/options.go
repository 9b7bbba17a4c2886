// Package probe is the student's side: it opens a session with a server, sends
// the monitor stream, runs trains, judges, warns, and tells sinks.
//
// It refuses to touch files, flags, terminals and metric registries; those are
// for its callers.
package probe

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"time"

	"examlink/probe/clock"
	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/outbox"
	"examlink/probe/plan"
	"examlink/probe/train"
	"examlink/probe/verdict"
	"examlink/probe/wire"
)

// Options configures a check or a watch. Zero values take the defaults of
// DefaultOptions.
type Options struct {
	// Token is the join token; it names the server and its key.
	Token string
	// Server, if set, outranks the join token's address: host:port.
	Server string
	Policy verdict.Policy
	// Plan says when what is due; the zero Plan watches without pause.
	Plan plan.Plan

	// Interval is the spacing of the monitor stream, PacketSize its UDP
	// payload.
	Interval   time.Duration
	PacketSize int
	// LossAfter is how long a packet may take before it counts as lost.
	LossAfter time.Duration
	// TrainPacket is the UDP payload of a train packet.
	TrainPacket int

	Check CheckOptions
	Watch WatchOptions
	// Attribution finds out why a watch gets no answer; nil: nothing is known
	// beyond what the connection itself says.
	Attribution Attribution
	// Outbox keeps what a watch has to tell the server until the server has
	// taken it; nil: one in memory, gone when the watch ends.
	Outbox *outbox.Queue

	Version string
	System  string // operating system and architecture, for the server's record
	Log     *slog.Logger
	// Seed makes schedules and back-off repeatable; 0 draws one.
	Seed uint64

	// Traffic reads how many bytes the interface towards the server has received
	// and sent, whatever program they belong to; nil or ok false: not known. It
	// is called often and must be cheap.
	Traffic func() (received, sent uint64, ok bool)

	// Clock, NewWaiter, Resolver, Socket and TCP replace this host's in tests;
	// the last two get an address of the server.
	Clock     clock.Clock
	NewWaiter func(clock.Clock) (clock.Waiter, error)
	Resolver  link.Resolver
	Socket    func(context.Context, netip.AddrPort) (net.PacketConn, error)
	TCP       func(context.Context, netip.AddrPort) (net.Conn, error)
}

// CheckOptions configures the readiness test.
type CheckOptions struct {
	IdleTime     time.Duration // how long delay and loss are watched on the idle link
	IdleInterval time.Duration // spacing of probes meanwhile
	LoadInterval time.Duration // spacing of probes beside trains
	CapacityMax  ippm.Rate     // rates above are reported as "at least"
	MaxBytes     int64         // IP-layer bytes of the whole check at most
}

// WatchOptions configures the daemon.
type WatchOptions struct {
	Window      time.Duration // what one delay and loss observation covers
	FloorEvery  time.Duration // mean time between floor tests
	GlanceEvery time.Duration // mean time between glances: very short trains that notice a fall
	BudgetShare float64       // of the minimum rate, each way, that floor tests may use
	SilentAfter time.Duration // without an echo: an interruption
	RedialAfter time.Duration // without an echo: try a new connection beside the old one
	RetestAfter time.Duration // shortest time between two floor tests that a suspicion asks for
}

// DefaultOptions are the options of a student who sets none.
func DefaultOptions() Options {
	return Options{
		Policy:   verdict.BuiltIn()[0],
		Interval: 100 * time.Millisecond, PacketSize: wire.MinPacketSize, LossAfter: 3 * time.Second, TrainPacket: 1200,
		Check: CheckOptions{
			IdleTime: 4 * time.Second, IdleInterval: 20 * time.Millisecond, LoadInterval: 50 * time.Millisecond,
			CapacityMax: 25 * ippm.MbitPerSecond, MaxBytes: 10e6,
		},
		Watch: WatchOptions{
			Window: 5 * time.Second, FloorEvery: 40 * time.Second, GlanceEvery: 5 * time.Second, BudgetShare: 0.03,
			SilentAfter: 3 * time.Second, RedialAfter: 5 * time.Second, RetestAfter: 4 * time.Second,
		},
	}
}

func (o *Options) setDefaults() {
	d := DefaultOptions()
	setDuration := func(v *time.Duration, def time.Duration) {
		if *v == 0 {
			*v = def
		}
	}
	setDuration(&o.Interval, d.Interval)
	setDuration(&o.LossAfter, d.LossAfter)
	setDuration(&o.Check.IdleTime, d.Check.IdleTime)
	setDuration(&o.Check.IdleInterval, d.Check.IdleInterval)
	setDuration(&o.Check.LoadInterval, d.Check.LoadInterval)
	setDuration(&o.Watch.Window, d.Watch.Window)
	setDuration(&o.Watch.FloorEvery, d.Watch.FloorEvery)
	setDuration(&o.Watch.GlanceEvery, d.Watch.GlanceEvery)
	setDuration(&o.Watch.SilentAfter, d.Watch.SilentAfter)
	setDuration(&o.Watch.RedialAfter, d.Watch.RedialAfter)
	setDuration(&o.Watch.RetestAfter, d.Watch.RetestAfter)
	if o.PacketSize == 0 {
		o.PacketSize = d.PacketSize
	}
	if o.TrainPacket == 0 {
		o.TrainPacket = d.TrainPacket
	}
	if o.Check.CapacityMax == 0 {
		o.Check.CapacityMax = d.Check.CapacityMax
	}
	if o.Check.MaxBytes == 0 {
		o.Check.MaxBytes = d.Check.MaxBytes
	}
	if o.Watch.BudgetShare == 0 {
		o.Watch.BudgetShare = d.Watch.BudgetShare
	}
	if o.Policy.Name == "" {
		o.Policy = d.Policy
	}
	if o.Clock == nil {
		o.Clock = clock.NewSystem()
	}
	if o.NewWaiter == nil {
		o.NewWaiter = clock.NewWaiter
	}
	if o.Outbox == nil {
		o.Outbox, _ = outbox.Open(outbox.Options{}) // without a file there is no error
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

// validate fills in defaults and names the first option that makes no sense.
func (o *Options) validate() (wire.JoinToken, error) {
	o.setDefaults()
	o.Token = strings.TrimSpace(o.Token)
	token, err := wire.ReadJoinToken(o.Token)
	if err != nil {
		return token, err
	}
	if o.Server == "" {
		o.Server = token.Servers[0]
	}
	if _, _, err := net.SplitHostPort(o.Server); err != nil {
		return token, fmt.Errorf("server: %w, expected host:port", err)
	}
	if err := o.Policy.Check(); err != nil {
		return token, err
	}
	switch w := o.Watch; {
	case o.Interval < time.Millisecond || o.Interval > time.Second:
		return token, fmt.Errorf("interval: %v, expected 1ms to 1s", o.Interval)
	case o.PacketSize < wire.MinPacketSize || o.PacketSize > wire.MaxPacketSize:
		return token, fmt.Errorf("packet_size: %d, expected %d to %d", o.PacketSize, wire.MinPacketSize, wire.MaxPacketSize)
	case o.TrainPacket < train.MinPacket || o.TrainPacket > train.MaxPacket:
		return token, fmt.Errorf("train_packet: %d, expected %d to %d", o.TrainPacket, train.MinPacket, train.MaxPacket)
	case o.LossAfter <= o.Interval:
		return token, fmt.Errorf("loss_after: %v, expected more than the interval of %v", o.LossAfter, o.Interval)
	case o.Check.IdleTime < 500*time.Millisecond || o.Check.IdleTime > time.Minute:
		return token, fmt.Errorf("check.idle_time: %v, expected 500ms to 1m", o.Check.IdleTime)
	case o.Check.IdleInterval < time.Millisecond || o.Check.LoadInterval < time.Millisecond:
		return token, errors.New("check.idle_interval, check.load_interval: expected 1ms or more")
	case o.Check.CapacityMax < ippm.MbitPerSecond || float64(o.Check.CapacityMax) > train.MaxRate:
		return token, fmt.Errorf("check.capacity_max: %v, expected 1 to 2000 Mbit/s", o.Check.CapacityMax)
	case o.Check.MaxBytes < 1e6:
		return token, fmt.Errorf("check.max_bytes: %d, expected 1 MB or more", o.Check.MaxBytes)
	case w.Window < time.Second || w.FloorEvery < time.Second || w.GlanceEvery < time.Second:
		return token, errors.New("watch.window, watch.floor_every, watch.glance_every: expected 1s or more")
	case !(w.BudgetShare > 0 && w.BudgetShare <= 1):
		return token, fmt.Errorf("watch.budget_share: %v, expected above 0 and at most 1", w.BudgetShare)
	case w.SilentAfter < time.Second || w.RedialAfter < w.SilentAfter:
		return token, errors.New("watch.silent_after, watch.redial_after: expected 1s or more, and the second not below the first")
	}
	return token, nil
}
