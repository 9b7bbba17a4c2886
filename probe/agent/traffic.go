package agent

import (
	"context"
	"net"
	"sync"
	"time"

	"examlink/probe"
	"examlink/probe/netenv"
	"examlink/probe/wire"
)

// interfaceLook is how often the interface is looked up again: the computer may
// have moved to another network.
const interfaceLook = 10 * time.Second

// Traffic reads the byte counters of the interface that leads to a server. It is
// safe for concurrent use.
type Traffic struct {
	server string
	ctx    context.Context // of look-ups; ends with Close
	stop   context.CancelFunc
	wg     sync.WaitGroup

	mu       sync.Mutex
	looked   time.Time
	looking  bool
	device   string // empty: unknown, or the loopback, which is no link
	counters *netenv.Counters
}

// NewTraffic returns a Traffic for a check or a watch with these options. Use its
// Read as probe.Options.Traffic, and close it.
func NewTraffic(o probe.Options) *Traffic {
	token, _ := wire.ReadJoinToken(o.Token) // an invalid token fails the check or the watch
	t := &Traffic{server: serverOf(o, token)}
	t.ctx, t.stop = context.WithCancel(context.Background())
	return t
}

// serverOf returns the address a watch connects to; empty if not known yet.
func serverOf(o probe.Options, token wire.JoinToken) string {
	switch {
	case o.Server != "":
		return o.Server
	case len(token.Servers) > 0:
		return token.Servers[0]
	}
	return ""
}

// Read returns the bytes that the interface has received and sent, for all
// programs. ok is false if they are not known.
func (t *Traffic) Read() (received, sent uint64, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now := time.Now(); !t.looking && t.ctx.Err() == nil && now.Sub(t.looked) >= interfaceLook {
		t.looked, t.looking = now, true
		t.wg.Go(t.look) // may query the name service, and Read must not block
	}
	if t.device == "" {
		return 0, 0, false
	}
	return t.counters.Read()
}

// Close ends look-ups and closes the counters. Read then returns ok false.
func (t *Traffic) Close() {
	t.mu.Lock()
	t.stop()
	t.mu.Unlock()
	t.wg.Wait() // Read starts no more look-ups
	t.mu.Lock()
	defer t.mu.Unlock()
	t.use("")
}

func (t *Traffic) look() {
	device := deviceTo(t.ctx, t.server)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.looking = false
	t.use(device)
}

// use switches to another interface's counters; mu is held.
func (t *Traffic) use(device string) {
	if device == t.device {
		return
	}
	if t.counters != nil {
		t.counters.Close()
	}
	t.device, t.counters = device, nil
	if device != "" {
		t.counters = netenv.NewCounters(device)
	}
}

// deviceTo returns the interface through which packets to a server leave; empty if
// unknown.
func deviceTo(ctx context.Context, server string) string {
	var d net.Dialer
	c, err := d.DialContext(ctx, "udp", server) // sends nothing to the server
	if err != nil {
		return ""
	}
	defer c.Close()
	local, ok := c.LocalAddr().(*net.UDPAddr)
	if !ok || local.IP.IsLoopback() {
		return ""
	}
	all, err := net.Interfaces()
	if err != nil {
		return ""
	}
	for _, i := range all {
		addresses, _ := i.Addrs()
		for _, a := range addresses {
			if n, ok := a.(*net.IPNet); ok && n.IP.Equal(local.IP) && i.Flags&net.FlagLoopback == 0 {
				return i.Name
			}
		}
	}
	return ""
}
