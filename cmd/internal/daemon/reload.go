package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"
)

// Reloader reloads the configuration on request, one request at a time, and
// exports the result of the last reload as metrics. It is safe for concurrent use.
type Reloader struct {
	log    *slog.Logger
	reload func() error

	mu      sync.Mutex
	success prometheus.Gauge
	at      prometheus.Gauge
}

// NewReloader makes a reloader; the configuration has just been loaded. reload
// either applies a new configuration or returns an error and changes nothing. The
// names of the metrics begin with prefix.
func NewReloader(r prometheus.Registerer, prefix string, log *slog.Logger, reload func() error) (*Reloader, error) {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: prefix + "_config_last_reload_" + name, Help: help})
	}
	x := &Reloader{
		log: log, reload: reload,
		success: gauge("successful", "1 if the last load of the configuration succeeded, 0 if it failed and the previous configuration remains in force. The log lists changed keys that need a restart."),
		at:      gauge("success_timestamp_seconds", "When the configuration was last loaded successfully, by the server's clock."),
	}
	for _, c := range []prometheus.Collector{x.success, x.at} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	x.success.Set(1)
	x.at.SetToCurrentTime()
	return x, nil
}

// Reload reloads now.
func (x *Reloader) Reload() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if err := x.reload(); err != nil {
		x.success.Set(0)
		x.log.Error("configuration not reloaded, the previous one stays in force", "err", err)
		return err
	}
	x.success.Set(1)
	x.at.SetToCurrentTime()
	return nil
}

// ServeHTTP reloads and responds with the result.
func (x *Reloader) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	if err := x.Reload(); err != nil {
		http.Error(w, fmt.Sprintf("not reloaded, the previous configuration stays in force: %v", err), http.StatusInternalServerError)
		return
	}
	fmt.Fprintln(w, "reloaded")
}

// Run reloads at each SIGHUP, on systems that have it, until ctx ends.
func (x *Reloader) Run(ctx context.Context) error {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	for {
		select {
		case <-hangup:
			_ = x.Reload() // it logs the error
		case <-ctx.Done():
			return nil
		}
	}
}
