//go:build linux

package e2e

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// dialIn opens a connection from inside a namespace.
func dialIn(ctx context.Context, ns, network, address string) (net.Conn, error) {
	type result struct {
		c   net.Conn
		err error
	}
	out := make(chan result, 1)
	go func() { // on its own thread, which ends in the other namespace
		runtime.LockOSThread()
		f, err := os.Open(filepath.Join("/var/run/netns", ns))
		if err != nil {
			out <- result{nil, err}
			return
		}
		defer f.Close()
		if err := unix.Setns(int(f.Fd()), unix.CLONE_NEWNET); err != nil {
			out <- result{nil, err}
			return
		}
		c, err := (&net.Dialer{}).DialContext(ctx, network, address)
		out <- result{c, err}
	}()
	r := <-out
	return r.c, r.err
}

// caller returns an HTTP client inside a namespace.
func caller(ns string) *http.Client {
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		return dialIn(ctx, ns, network, address)
	}
	return &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
}

// pour sends packets of another program from a namespace at a rate in bit/s until
// ctx ends. They need no receiver.
func pour(ctx context.Context, c net.Conn, bitRate float64) {
	const size = 1000
	tick := time.NewTicker(time.Duration((size + 28) * 8 / bitRate * float64(time.Second)))
	defer tick.Stop()
	defer c.Close()
	for {
		select {
		case <-tick.C:
			_, _ = c.Write(make([]byte, size))
		case <-ctx.Done():
			return
		}
	}
}
