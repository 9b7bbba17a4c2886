package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"examlink/cmd/internal/cli"
	"examlink/cmd/internal/config"
	"examlink/cmd/internal/daemon"
	"examlink/probe"
	"examlink/probe/exporter"
	"examlink/probe/ippm"
	"examlink/probe/netsim"
	"examlink/probe/verdict"
	"examlink/probe/warning"
	"examlink/server"
	"examlink/server/event"
	"examlink/server/page"
	"examlink/server/session"
	"examlink/server/store/sql"
)

// The demo's link alternates: good, then the download falls below the minimum,
// then good again. Tests run much more often than in an exam, so that one cycle
// fits into a minute.
const (
	demoDelay      = 15 * time.Millisecond
	demoQueue      = 200 * time.Millisecond
	demoDown       = 4 * ippm.MbitPerSecond
	demoUp         = 2 * ippm.MbitPerSecond
	demoSlow       = 500 * ippm.KbitPerSecond
	demoGoodBefore = 6 * time.Second
	demoSlowFor    = 14 * time.Second
	demoGoodAfter  = 16 * time.Second
	demoFloorEvery = 3 * time.Second
	demoRetest     = 2 * time.Second
	demoShare      = 0.5
	// demoEnough is how long the demo must run to raise and clear a warning.
	demoEnough = 45 * time.Second
)

func newDemo() *cobra.Command {
	var lasting time.Duration
	c := &cobra.Command{
		Use: "demo", Short: "Runs a server and a client on this machine, as a demonstration", Args: cli.NoArgs,
		Long: `Starts a server and a student's client on this machine with a simulated link
between them, runs a check, then watches while the download falls below the
minimum and recovers. It needs no configuration and leaves nothing behind.`,
		RunE: func(c *cobra.Command, _ []string) error {
			if lasting < 0 {
				return cli.Usage(fmt.Errorf("--for: %v, expected more than 0", lasting))
			}
			_ = os.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true")
			ctx := c.Context()
			if lasting > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, lasting)
				defer cancel()
			}
			d := &demo{out: c.OutOrStdout()}
			if err := d.run(ctx); err != nil {
				return err
			}
			if lasting >= demoEnough && (d.raised == 0 || d.cleared == 0) {
				return fmt.Errorf("the demo raised %d and cleared %d warnings, expected at least one of each", d.raised, d.cleared)
			}
			return nil
		},
	}
	c.Flags().DurationVar(&lasting, "for", 0, "end after this `time` (default: until interrupted)")
	return c
}

type demo struct {
	out             io.Writer
	mu              sync.Mutex
	raised, cleared int
}

var _ probe.Sink = (*demo)(nil)

func (d *demo) say(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	fmt.Fprintf(d.out, "%s  %s\n", time.Now().Format(time.TimeOnly), fmt.Sprintf(format, args...))
}

func (d *demo) run(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "examlink-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	keys, err := demoKeys(dir)
	if err != nil {
		return err
	}
	kept, err := sql.Open(ctx, sql.Options{File: filepath.Join(dir, "examlink.db")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, kept.Close()) }()
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return err
	}
	defer udp.Close()
	up := netsim.Params{Rate: demoUp, QueueTime: demoQueue, Delay: demoDelay}
	down := up
	down.Rate = demoDown
	relay, err := netsim.NewRelay(udp.LocalAddr().(*net.UDPAddr).AddrPort(), up, down, 1)
	if err != nil {
		return err
	}
	// The page's packets pass the link, too; the page itself does not.
	tcp, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", relay.Addr().String())
	if err != nil {
		return err
	}
	srv, err := server.New(server.Options{
		Conn: udp, TCP: tcp, Certificate: server.NewCertificate(keys.Certificate), SessionSeries: config.Default().Server.Metrics.SessionSeries,
		TokenKey: keys.Token.Public().(ed25519.PublicKey), Sign: keys.Token, Secret: keys.Secret, Store: kept, Version: daemon.Version(),
		Page: &page.Options{Certificate: pageCertificate(keys), Rehearsal: true}, Rehearsal: config.Default().Page.Rehearsal,
	})
	if err != nil {
		return err
	}
	srv.Events().Handle(func(e event.Event) {
		if _, ok := e.Payload.(event.State); ok && e.Session.State != string(session.Live) {
			d.say("server:  session is %s", e.Session.State)
		}
	})
	registry := daemon.Registry()
	if err := srv.Register(registry); err != nil {
		return err
	}
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	g, gctx := errgroup.WithContext(inner)
	g.Go(func() error { return srv.Run(gctx) })
	g.Go(func() error { return relay.Run(gctx) })
	err = d.student(ctx, gctx, g, keys, relay, registry, srv)
	cancel()
	return errors.Join(err, g.Wait())
}

// student runs the client until ctx ends; its servers run in g.
func (d *demo) student(ctx, gctx context.Context, g *errgroup.Group, keys server.Keys, relay *netsim.Relay, serverMetrics *prometheus.Registry, srv *server.Server) error {
	def := config.Default()
	o, err := def.ProbeOptions()
	if err != nil {
		return err
	}
	o.Version = daemon.Version()
	o.Watch.FloorEvery, o.Watch.RetestAfter, o.Watch.BudgetShare = demoFloorEvery, demoRetest, demoShare
	if o.Token, err = demoToken(keys, relay.Addr()); err != nil {
		return err
	}
	clientMetrics := daemon.Registry()
	export, err := exporter.New(clientMetrics, o.Policy)
	if err != nil {
		return err
	}
	serverAdmin, err := admin(def.Server.AdminListen, serverMetrics, srv.Ready)
	if err != nil {
		return err
	}
	clientAdmin, err := admin(def.Client.MetricsListen, clientMetrics, func() bool { return true })
	if err != nil {
		return err
	}
	g.Go(func() error { return serverAdmin.Run(gctx) })
	g.Go(func() error { return clientAdmin.Run(gctx) })
	d.say("a server, a client, and between them a simulated link: %v down, %v up, %v round trip", demoDown, demoUp, 2*demoDelay)
	d.say("metrics of the client: http://%s/metrics", clientAdmin.Address())
	d.say("metrics of the server: http://%s/metrics", serverAdmin.Address())
	d.say("the check in a browser, which will warn of this server's certificate: https://%s%s#%s", relay.Addr(), page.Path, o.Token)
	d.say("this is `examlink check`:")
	r, err := probe.Check(ctx, o, func(p probe.Progress) {
		if p.Done != "" {
			d.say("  [%d/%d] %s: %s", p.Step, p.Of, p.Phase, p.Done)
		}
	})
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	d.say("VERDICT  %s", r.Verdict.Sentence)
	for _, reason := range r.Verdict.Reasons[:2] {
		d.say("         %s %s (minimum %s, recommended %s)", reason.Criterion, verdict.FormatValue(reason),
			verdict.Format(reason.Minimum, reason.Unit), verdict.Format(reason.Recommended, reason.Unit))
	}
	d.say("this is `examlink watch` (tests come every %v, in an exam every %v):", demoFloorEvery, def.Client.Watch.FloorEvery)
	g.Go(func() error { d.weather(gctx, relay); return nil })
	s, err := probe.Watch(ctx, o, export, d)
	if err != nil {
		return err
	}
	d.say("watched for %v: %d packets, %d warnings, %d floor tests", s.Lasted.Duration().Round(time.Second), s.Monitor.Sent, len(s.Warnings), s.FloorTests)
	return nil
}

// admin listens on the default address, or on any free one if that is taken.
func admin(address string, g prometheus.Gatherer, ready func() bool) (*daemon.Admin, error) {
	a, err := daemon.NewAdmin(address, g, ready, nil)
	if err != nil {
		a, err = daemon.NewAdmin("127.0.0.1:0", g, ready, nil)
	}
	return a, err
}

// weather degrades and restores the link until ctx ends.
func (d *demo) weather(ctx context.Context, relay *netsim.Relay) {
	wait := func(t time.Duration) bool {
		timer := time.NewTimer(t)
		defer timer.Stop()
		select {
		case <-timer.C:
			return true
		case <-ctx.Done():
			return false
		}
	}
	for wait(demoGoodBefore) {
		d.say("link:    the download falls to %v", demoSlow)
		relay.Down.Update(func(p *netsim.Params) { p.Rate = demoSlow })
		if !wait(demoSlowFor) {
			return
		}
		d.say("link:    the download is back at %v", demoDown)
		relay.Down.Update(func(p *netsim.Params) { p.Rate = demoDown })
		if !wait(demoGoodAfter) {
			return
		}
	}
}

// Session implements probe.Sink.
func (d *demo) Session(e probe.SessionEvent) { d.say("client:  %s", e.State) }

// Window implements probe.Sink.
func (d *demo) Window(probe.WindowEvent) {}

// Floor implements probe.Sink.
func (d *demo) Floor(e probe.FloorEvent) {
	got := "no result"
	switch r := e.Floor.Rate; {
	case r.Value != nil:
		got = ippm.Rate(*r.Value).String()
	case r.Low != nil:
		got = "at least " + ippm.Rate(*r.Low).String()
	}
	d.say("client:  %sload against the minimum: %s, %s", e.Floor.Direction, e.Floor.Outcome, got)
}

// Warning implements probe.Sink.
func (d *demo) Warning(w warning.Warning) {
	switch {
	case w.Active():
		d.raised++
		d.say("WARNING  %s", w)
	case w.End.IsZero():
		d.say("ended while this warning was active: %s", w.Kind.Title())
	default:
		d.cleared++
		d.say("CLEARED  %s, after %v", w.Kind.Title(), w.End.Sub(w.Start).Round(100*time.Millisecond))
	}
}
