package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/errgroup"
)

const (
	readHeaderTimeout = 5 * time.Second
	shutdownTimeout   = 2 * time.Second
)

// Admin is the admin server of a program: metrics, health and profiles over HTTP,
// on one or more listeners.
//
// Health and readiness need no password, since the probes of orchestrators and
// load balancers have none; they reveal nothing else. Cross-origin requests that
// change something are refused.
type Admin struct {
	listeners []net.Listener
	servers   []*http.Server // of each listener
	mux       *http.ServeMux
	patterns  []string // of its handlers
	serve     func(net.Listener, *http.Server) error
}

// AdminOptions describes an Admin.
type AdminOptions struct {
	Gatherer prometheus.Gatherer
	// Ready reports whether the program is ready to do its work.
	Ready func() bool
	// Degraded says what the program cannot do although it is ready, a line each; nil:
	// never anything. Readiness shows it.
	Degraded func() []string
	// Profiles reports whether profiles are served; nil: never.
	Profiles func() bool
	// Page is shown at the root; nil: a line of links.
	Page http.Handler
	// Serve serves a listener until its server is shut down; nil: plain HTTP. It
	// may put its own handler in front of the server's.
	Serve func(net.Listener, *http.Server) error
	// Log receives errors of connections; nil: the standard logger.
	Log *slog.Logger
}

// NewAdmin listens on address for plain HTTP; log is that of AdminOptions.
func NewAdmin(address string, g prometheus.Gatherer, ready func() bool, log *slog.Logger) (*Admin, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("metrics listener: %w", err)
	}
	return NewAdminOn([]net.Listener{l}, AdminOptions{Gatherer: g, Ready: ready, Log: log}), nil
}

// NewAdminOn makes an Admin for one or more listeners, which it will close.
func NewAdminOn(listeners []net.Listener, o AdminOptions) *Admin {
	a := &Admin{listeners: listeners, mux: http.NewServeMux(), serve: o.Serve}
	if a.serve == nil {
		a.serve = func(l net.Listener, s *http.Server) error { return s.Serve(l) }
	}
	if o.Page == nil {
		o.Page = http.HandlerFunc(links)
	}
	health := http.NewServeMux()
	health.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "healthy") })
	health.HandleFunc("GET /-/ready", func(w http.ResponseWriter, _ *http.Request) {
		if !o.Ready() {
			http.Error(w, "not ready", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ready")
		if o.Degraded != nil {
			for _, line := range o.Degraded() {
				fmt.Fprintln(w, "degraded:", line)
			}
		}
	})
	a.patterns = append(a.patterns, "GET /-/healthy", "GET /-/ready")
	a.Handle("GET /metrics", promhttp.HandlerFor(o.Gatherer, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	if o.Profiles != nil {
		a.Handle("GET /debug/pprof/", profiles(o.Profiles))
	}
	a.Handle("GET /{$}", o.Page)
	for range listeners {
		s := &http.Server{Handler: http.NewCrossOriginProtection().Handler(a.mux), ReadHeaderTimeout: readHeaderTimeout}
		// Called when the server starts: Serve has set its handler, and no request has
		// arrived yet.
		s.BaseContext = func(net.Listener) context.Context {
			s.Handler = inFront(health, s.Handler)
			return context.Background()
		}
		if o.Log != nil {
			s.ErrorLog = slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn)
		}
		a.servers = append(a.servers, s)
	}
	return a
}

// profiles serves Go's profiles while on says so.
func profiles(on func() bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !on() {
			http.Error(w, "profiles are off", http.StatusNotFound)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// inFront gives the patterns of a mux precedence over another handler.
func inFront(front *http.ServeMux, rest http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := front.Handler(r); pattern != "" {
			front.ServeHTTP(w, r)
			return
		}
		rest.ServeHTTP(w, r)
	})
}

func links(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprint(w, `<!doctype html><title>examlink</title><h1>examlink</h1><p><a href="/metrics">metrics</a>, <a href="/-/healthy">health</a>, <a href="/-/ready">readiness</a></p>`)
}

// Handle adds a handler for a pattern of net/http's. Call it before Run.
func (a *Admin) Handle(pattern string, h http.Handler) {
	a.patterns = append(a.patterns, pattern)
	a.mux.Handle(pattern, h)
}

// Patterns lists the patterns that are handled.
func (a *Admin) Patterns() []string { return a.patterns }

// Address returns the address of the first listener.
func (a *Admin) Address() string { return a.listeners[0].Addr().String() }

// Run serves until ctx ends, or fails with the first listener that does.
func (a *Admin) Run(ctx context.Context) error {
	g, failed := errgroup.WithContext(ctx)
	for i, l := range a.listeners {
		g.Go(func() error { // ends with Shutdown below
			err := a.serve(l, a.servers[i])
			_ = l.Close() // if serving failed before it began
			if errors.Is(err, http.ErrServerClosed) {
				return nil
			}
			return fmt.Errorf("metrics listener: %w", err)
		})
	}
	<-failed.Done()
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	var errs []error
	for _, s := range a.servers {
		errs = append(errs, s.Shutdown(end))
	}
	return errors.Join(append(errs, g.Wait())...)
}
