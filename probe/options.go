package probe

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"examlink/probe/clock"
	"examlink/probe/equipment"
	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/outbox"
	"examlink/probe/plan"
	"examlink/probe/session"
	"examlink/probe/train"
	"examlink/probe/verdict"
	"examlink/probe/watch"
	"examlink/probe/wire"
)

// Options configures a check or a watch. Zero values take the defaults of
// DefaultOptions. The tags declare keys of config.yaml for the programs; this
// package does not read them.
type Options struct {
	// Token is the join token; it names the servers and their key. The first server that
	// answers is used; when it is gone, the next.
	Token string `mapstructure:"token" secret:"true" doc:"The join token. It names the server and the server's key."`
	// Server, if set, overrides the join token's address: host:port.
	Server string   `mapstructure:"server" is:"host:port or empty" doc:"The server's address. It overrides the address in the join token."`
	others []string // the join token's further addresses, unless Server overrides them
	Policy verdict.Policy
	// Plan schedules checks and the watch; the zero Plan watches without pause.
	Plan plan.Plan

	// Interval is the spacing of the monitor stream, PacketSize its UDP
	// payload.
	Interval   time.Duration `mapstructure:"interval" default:"100ms" min:"1ms" max:"1s" doc:"The monitor stream: once per interval, a packet with packet_size bytes of UDP payload travels each way."`
	PacketSize int           `mapstructure:"packet_size" default:"64" min:"64" max:"1232" doc:"UDP payload of a packet of the monitor stream, in bytes."`
	// LossAfter is how long a packet may take before it counts as lost.
	LossAfter time.Duration `mapstructure:"loss_after" default:"3s" doc:"A packet is lost if its echo takes longer. Must exceed interval."`
	// TrainPacket is the UDP payload of a train packet.
	TrainPacket int `mapstructure:"train_packet" default:"1200" min:"64" max:"1232" doc:"UDP payload of a packet of a train, in bytes. Trains measure rates."`

	Check CheckOptions `mapstructure:"check" doc:"The readiness test, 'examlink check'."`
	Watch watch.Options
	// Attribution finds the cause of an interruption; nil: only the connection's
	// own errors are known.
	Attribution watch.Attribution
	// Outbox keeps the reports of a watch until the server has accepted them; nil:
	// one in memory, lost when the watch ends.
	Outbox *outbox.Queue

	Version string
	System  string // operating system and architecture, for the server's record
	Log     *slog.Logger
	// Seed makes schedules and back-off repeatable; 0 draws one.
	Seed uint64

	// Traffic returns how many bytes the interface towards the server has received
	// and sent, for all programs; nil or ok false: not known. It is called often and
	// must be cheap.
	Traffic func() (received, sent uint64, ok bool)

	// Computer, if not nil, is judged in the report of a check, by the requirements of the
	// policy. probe/computer reads this computer.
	Computer *equipment.Facts

	// Clock, NewWaiter, Resolver, Socket and TCP replace this host's in tests;
	// Socket and TCP get an address of the server.
	Clock     clock.Clock
	NewWaiter func(clock.Clock) (clock.Waiter, error)
	Resolver  link.Resolver
	Socket    func(context.Context, netip.AddrPort) (net.PacketConn, error)
	TCP       func(context.Context, netip.AddrPort) (net.Conn, error)
}

// CheckOptions configures the readiness test.
type CheckOptions struct {
	IdleTime     time.Duration `mapstructure:"idle_time" default:"4s" min:"500ms" max:"1m" doc:"How long delay and loss are measured on the idle link, before the rates."`
	IdleInterval time.Duration `mapstructure:"idle_interval" default:"20ms" min:"1ms" doc:"Spacing of probes on the idle link."`
	LoadInterval time.Duration `mapstructure:"load_interval" default:"50ms" min:"1ms" doc:"Spacing of probes while trains fill the link."`
	CapacityMax  ippm.Rate     `mapstructure:"capacity_max" default:"25Mbit/s" min:"1Mbit/s" max:"2Gbit/s" doc:"Rates above this one are reported as 'at least'."`
	MaxBytes     int64         `mapstructure:"max_bytes" unit:"bytes" default:"10MB" min:"1MB" doc:"The most that a check may transfer, in IP-layer bytes, both ways together."`
}

// DefaultOptions returns the options of a student who sets none.
func DefaultOptions() Options {
	return Options{
		Policy:   verdict.BuiltIn()[0],
		Interval: 100 * time.Millisecond, PacketSize: wire.MinPacketSize, LossAfter: 3 * time.Second, TrainPacket: 1200,
		Check: CheckOptions{
			IdleTime: 4 * time.Second, IdleInterval: 20 * time.Millisecond, LoadInterval: 50 * time.Millisecond,
			CapacityMax: 25 * ippm.MbitPerSecond, MaxBytes: 10e6,
		},
		Watch: watch.Options{
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
		o.Outbox, _ = outbox.Open(outbox.Options{}) // never fails without a file
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

// validate fills in defaults and names the first invalid option.
func (o *Options) validate() (wire.JoinToken, error) {
	o.setDefaults()
	o.Token = wire.TokenText(o.Token)
	token, err := wire.ReadJoinToken(o.Token)
	if err != nil {
		return token, err
	}
	if o.Server == "" {
		o.Server, o.others = token.Servers[0], token.Servers[1:]
	}
	for _, s := range append([]string{o.Server}, o.others...) {
		if _, _, err := net.SplitHostPort(s); err != nil {
			return token, fmt.Errorf("server: %w, expected host:port", err)
		}
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

// connection returns the options of a session.
func (o *Options) connection() session.Config {
	return session.Config{
		Token: o.Token, Server: o.Server, Others: o.others, Interval: o.Interval, PacketSize: o.PacketSize, LossAfter: o.LossAfter, TrainPacket: o.TrainPacket,
		Version: o.Version, System: o.System, Log: o.Log, Traffic: o.Traffic,
		Clock: o.Clock, NewWaiter: o.NewWaiter, Resolver: o.Resolver, Socket: o.Socket, TCP: o.TCP,
	}
}

// watching returns the options of a watch.
func (o *Options) watching(token wire.JoinToken) watch.Config {
	return watch.Config{
		Config: o.connection(), Join: token, Policy: o.Policy, Watch: o.Watch, Attribution: o.Attribution, Outbox: o.Outbox, Seed: o.Seed,
	}
}
