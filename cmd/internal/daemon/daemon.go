// Package daemon holds what both programs need as long-running processes: logging,
// an HTTP listener for metrics, health and profiles, signals, and the version.
package daemon

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Signals returns a context that ends with an interrupt or termination signal.
func Signals(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
}

// Level returns the level of a name that the configuration has checked.
func Level(name string) (l slog.Level) {
	_ = l.UnmarshalText([]byte(name)) // checked by the configuration; else info
	return l
}

// Logger makes a logger with a level, which may change later, and a format that
// the configuration has checked. Both formats write durations as 1.08s.
func Logger(w io.Writer, level slog.Leveler, format string) *slog.Logger {
	o := &slog.HandlerOptions{Level: level}
	if format == "json" {
		o.ReplaceAttr = func(_ []string, a slog.Attr) slog.Attr {
			if a.Value.Kind() == slog.KindDuration { // JSON has whole nanoseconds otherwise
				a.Value = slog.StringValue(a.Value.Duration().String())
			}
			return a
		}
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// Registry makes a registry with the process's own metrics.
func Registry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: "examlink", Name: "build_info", Help: "Always 1. The labels give the version and the platform.",
		ConstLabels: prometheus.Labels{"version": Version(), "goversion": runtime.Version(), "goos": runtime.GOOS, "goarch": runtime.GOARCH},
	})
	build.Set(1)
	r.MustRegister(build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}
