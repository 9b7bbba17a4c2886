//go:build linux

package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"examlink/cmd/internal/lab/stage"
	"examlink/probe/clock"
	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/wire"
)

// load opens many sessions with a server on the loopback and keeps all of them
// sending ten probes a second. Server and load share the machine.
func load(ctx context.Context, programs stage.Programs, sessions int, lasting time.Duration) error {
	_ = unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 1 << 20, Max: 1 << 20}) // what cannot be had fails below, by name
	_ = os.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true")
	const address = "127.0.0.1:8943"
	server := stage.Server{Programs: programs, Listen: address, Admin: "127.0.0.1:8944", Data: programs.Path("load")}
	srv := server.Command(ctx)
	srv.Env = append(os.Environ(), "GOMAXPROCS=1", "EXAMLINK_LOG_LEVEL=error", "EXAMLINK_SERVER_LIMITS_HANDSHAKE_RATE=100000",
		"EXAMLINK_SERVER_LIMITS_RETRY_RATE=100000", "EXAMLINK_SERVER_LIMITS_SESSIONS_PER_TOKEN=100000", fmt.Sprintf("EXAMLINK_SERVER_LIMITS_SESSIONS=%d", sessions+1))
	srv.Stderr = os.Stderr
	if err := srv.Start(); err != nil {
		return err
	}
	defer func() { _ = srv.Process.Signal(syscall.SIGTERM); _ = srv.Wait() }()
	time.Sleep(stage.ServerStart)
	joinToken, err := server.Token(ctx, "load")
	if err != nil {
		return err
	}
	token, err := wire.ReadJoinToken(joinToken)
	if err != nil {
		return err
	}
	pin, err := base64.RawURLEncoding.DecodeString(token.Fingerprint)
	if err != nil {
		return err
	}
	emptyRSS, _ := stage.Usage(srv.Process.Pid)

	c := clock.NewSystem()
	callers := make([]*caller, sessions)
	began := time.Now()
	var wg sync.WaitGroup
	var failed atomic.Value
	slots := make(chan struct{}, 32)
	for i := range callers {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			k, err := newCaller(ctx, c, address, [32]byte(pin), joinToken)
			if err != nil {
				failed.Store(err)
			}
			callers[i] = k
		})
	}
	wg.Wait()
	if err, _ := failed.Load().(error); err != nil {
		return err
	}
	opening := time.Since(began)
	runtime.GC()
	rss, before := stage.Usage(srv.Process.Pid)
	fmt.Printf("%d sessions opened in %.1f s: %.0f handshakes a second with client and server on %d cores; %.0f kB each at the server\n",
		sessions, opening.Seconds(), float64(sessions)/opening.Seconds(), runtime.NumCPU(), float64(rss-emptyRSS)/float64(sessions)/1024)

	to := callers[0].conn.Remote()
	start := c.Now()
	gap := 100 * time.Millisecond / time.Duration(sessions)
	var sent uint64
	buf := make([]byte, 0, wire.MaxPacketSize)
	w, err := clock.NewWaiter(c)
	if err != nil {
		return err
	}
	defer w.Close()
	for n := 0; c.Now()-start < lasting && ctx.Err() == nil; n++ {
		if n%50 == 0 { // fifty at a time: sleeping between single packets would take the whole core
			if w.Wait(ctx, start+time.Duration(n)*gap) != nil {
				break
			}
		}
		if callers[n%sessions].probe(c, buf, to) == nil {
			sent++
		}
	}
	took := c.Now() - start
	time.Sleep(500 * time.Millisecond)
	_, after := stage.Usage(srv.Process.Pid)
	var all ippm.Histogram
	for _, k := range callers {
		k.mu.Lock()
		all.Merge(&k.delay)
		k.mu.Unlock()
	}
	p50, _ := all.Quantile(0.5)
	p99, _ := all.Quantile(0.99)
	fmt.Printf("%.0f probes a second for %.0f s: %.2f %% answered, round trip %v median, %v at the 99th percentile; server %.0f %% of a core\n",
		float64(sent)/took.Seconds(), took.Seconds(), 100*float64(all.Count())/float64(sent), p50, p99, 100*(after-before).Seconds()/took.Seconds())
	for _, k := range callers {
		k.conn.Close("done")
	}
	return nil
}

// caller is one session that only sends probes.
type caller struct {
	conn *link.Conn
	flow *link.Flow

	mu    sync.Mutex
	sent  [64]time.Duration // by sequence number
	delay ippm.Histogram
}

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
