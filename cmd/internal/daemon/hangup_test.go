//go:build unix

package daemon_test

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"examlink/cmd/internal/daemon"
)

func TestHangupReloads(t *testing.T) {
	done := make(chan struct{}, 100)
	x, err := daemon.NewReloader(prometheus.NewRegistry(), "examlink_server", slog.New(slog.DiscardHandler), func() ([]string, error) { done <- struct{}{}; return nil, nil })
	if err != nil {
		t.Fatal(err)
	}
	// Before Run handles SIGHUP, it would end this process.
	hold := make(chan os.Signal, 100)
	signal.Notify(hold, syscall.SIGHUP)
	defer signal.Stop(hold)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- x.Run(ctx) }()
	for end := time.Now().Add(time.Minute); ; {
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		select {
		case <-done:
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
			return
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(end) {
			t.Fatal("no reload")
		}
	}
}
