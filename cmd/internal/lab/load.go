//go:build linux

package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"examlink/cmd/internal/lab/stage"
	"examlink/probe/clock"
	"examlink/probe/ippm"
	"examlink/probe/wire"
)

// Chosen by us.
const (
	loadListen     = "127.0.0.1:8943"
	loadAdmin      = "127.0.0.1:8944"
	loadInterval   = 100 * time.Millisecond // between two probes of a session
	loadBurst      = 50                     // probes sent between two sleeps: sleeping after each would take the whole core
	loadHandshakes = 32                     // at once
	loadDrain      = 500 * time.Millisecond // until the last echoes have arrived
)

// load opens many sessions with a server on the loopback and keeps all of them
// sending ten probes a second. Server and load share the machine.
func load(ctx context.Context, programs stage.Programs, sessions int, lasting time.Duration) error {
	_ = unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 1 << 20, Max: 1 << 20}) // with too few, opening sessions fails below
	_ = os.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true")
	config := stage.Server{Programs: programs, Listen: loadListen, Admin: loadAdmin, Data: programs.Path("load")}
	server, err := startLoadServer(ctx, config, sessions)
	if err != nil {
		return err
	}
	defer func() { _ = server.Process.Signal(syscall.SIGTERM); _ = server.Wait() }()
	time.Sleep(stage.ServerStart)
	token, err := config.Token(ctx, "load")
	if err != nil {
		return err
	}
	emptyMemory, _ := stage.Usage(server.Process.Pid)

	c := clock.NewSystem()
	began := time.Now()
	callers, err := openCallers(ctx, c, token, sessions)
	if err != nil {
		return err
	}
	opening := time.Since(began)
	runtime.GC()
	memory, before := stage.Usage(server.Process.Pid)
	fmt.Printf("%d sessions opened in %.1f s: %.0f handshakes a second with client and server on %d cores; %.0f kB each at the server\n",
		sessions, opening.Seconds(), float64(sessions)/opening.Seconds(), runtime.NumCPU(), float64(memory-emptyMemory)/float64(sessions)/1024)

	sent, took, err := sendProbes(ctx, c, callers, lasting)
	if err != nil {
		return err
	}
	time.Sleep(loadDrain)
	_, after := stage.Usage(server.Process.Pid)
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

// startLoadServer starts a server on one core, without limits that so many
// sessions of one token would meet.
func startLoadServer(ctx context.Context, config stage.Server, sessions int) (*exec.Cmd, error) {
	s := config.Command(ctx)
	s.Env = append(os.Environ(), "GOMAXPROCS=1", "EXAMLINK_LOG_LEVEL=error", "EXAMLINK_SERVER_LIMITS_HANDSHAKE_RATE=100000",
		"EXAMLINK_SERVER_LIMITS_RETRY_RATE=100000", "EXAMLINK_SERVER_LIMITS_SESSIONS_PER_TOKEN=100000", fmt.Sprintf("EXAMLINK_SERVER_LIMITS_SESSIONS=%d", sessions+1))
	s.Stderr = os.Stderr
	return s, s.Start()
}

// openCallers opens the sessions, several at once.
func openCallers(ctx context.Context, c clock.Clock, token string, sessions int) ([]*caller, error) {
	t, err := wire.ReadJoinToken(token)
	if err != nil {
		return nil, err
	}
	pin, err := base64.RawURLEncoding.DecodeString(t.Fingerprint)
	if err != nil {
		return nil, err
	}
	callers := make([]*caller, sessions)
	g := new(errgroup.Group)
	g.SetLimit(loadHandshakes)
	for i := range callers {
		g.Go(func() (err error) {
			callers[i], err = newCaller(ctx, c, loadListen, [32]byte(pin), token)
			return err
		})
	}
	return callers, g.Wait()
}

// sendProbes sends each session's probes, evenly spread, and returns how many it
// sent and how long that took.
func sendProbes(ctx context.Context, c clock.Clock, callers []*caller, lasting time.Duration) (sent uint64, took time.Duration, err error) {
	to := callers[0].conn.Remote()
	start := c.Now()
	gap := loadInterval / time.Duration(len(callers))
	buf := make([]byte, 0, wire.MaxPacketSize)
	w, err := clock.NewWaiter(c)
	if err != nil {
		return 0, 0, err
	}
	defer w.Close()
	for n := 0; c.Now()-start < lasting && ctx.Err() == nil; n++ {
		if n%loadBurst == 0 && w.Wait(ctx, start+time.Duration(n)*gap) != nil {
			break
		}
		if callers[n%len(callers)].probe(c, buf, to) == nil {
			sent++
		}
	}
	return sent, c.Now() - start, nil
}
