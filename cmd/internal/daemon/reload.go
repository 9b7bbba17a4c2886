package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"
)

// Reloader reloads the configuration on request, one request at a time, and
// exports the result of the last reload as metrics. It is safe for concurrent use.
type Reloader struct {
	log    *slog.Logger
	reload func() (restart []string, err error)

	mu      sync.Mutex
	success prometheus.Gauge
	at      prometheus.Gauge
	pending prometheus.Gauge
}

// NewReloader makes a reloader; the configuration has just been loaded. reload
// either applies a new configuration, and returns the keys that differ from what is in
// force until a restart, or returns an error and changes nothing. The names of the
// metrics begin with prefix.
func NewReloader(r prometheus.Registerer, prefix string, log *slog.Logger, reload func() (restart []string, err error)) (*Reloader, error) {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: prefix + "_config_" + name, Help: help})
	}
	x := &Reloader{
		log: log, reload: reload,
		success: gauge("last_reload_successful", "1 if the last load of the configuration succeeded, 0 if it failed and the previous configuration remains in force."),
		at:      gauge("last_reload_success_timestamp_seconds", "When the configuration was last loaded successfully, by the server's clock."),
		pending: gauge("keys_awaiting_restart", "Configuration keys whose loaded value is in force only after a restart. The log and the answer to a reload name them."),
	}
	for _, c := range []prometheus.Collector{x.success, x.at, x.pending} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	x.success.Set(1)
	x.at.SetToCurrentTime()
	return x, nil
}

// Reload reloads now. It returns the keys that await a restart.
func (x *Reloader) Reload() (restart []string, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if restart, err = x.reload(); err != nil {
		x.success.Set(0)
		x.log.Error("configuration not reloaded, the previous one stays in force", "err", err)
		return nil, err
	}
	x.success.Set(1)
	x.at.SetToCurrentTime()
	x.pending.Set(float64(len(restart)))
	return restart, nil
}

// ServeHTTP reloads and responds with the result.
func (x *Reloader) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	restart, err := x.Reload()
	switch {
	case err != nil:
		http.Error(w, fmt.Sprintf("not reloaded, the previous configuration stays in force: %v", err), http.StatusInternalServerError)
	case len(restart) > 0:
		fmt.Fprintf(w, "reloaded, but these keys need a restart: %s\n", strings.Join(restart, ", "))
	default:
		fmt.Fprintln(w, "reloaded")
	}
}

// Run reloads at each SIGHUP, on systems that have it, until ctx ends.
func (x *Reloader) Run(ctx context.Context) error {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	for {
		select {
		case <-hangup:
			_, _ = x.Reload() // it logs the error
		case <-ctx.Done():
			return nil
		}
	}
}
