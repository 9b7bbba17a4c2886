package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"examlink/cmd/internal/cli"
	"examlink/cmd/internal/config"
	"examlink/cmd/internal/daemon"
	"examlink/cmd/internal/web"
	"examlink/server"
	"examlink/server/auth"
	"examlink/server/page"
)

func newServe(a *cli.App) *cobra.Command {
	check := false
	c := &cobra.Command{
		Use: "serve", Short: "Serves students until stopped", Args: cli.NoArgs,
		Long: `Serves students until stopped. On its first start it creates the keys that sign
join tokens and, unless one is configured, a certificate. SIGHUP reloads the
configuration; changes that need a restart are logged.`,
		RunE: func(c *cobra.Command, _ []string) error {
			if check {
				return a.Check(c, checkFiles)
			}
			if c.Flags().Changed("user") {
				return cli.Usage(errors.New("--user: expected with --config.check only"))
			}
			return serve(c, func() (config.File, config.Source, error) { return a.Read(c) })
		},
	}
	c.Flags().BoolVar(&check, "config.check", false, "only check whether the configuration is valid, as config --check does")
	cli.CheckAs(c)
	a.Flag(c, "listen", "server.listen", "`address` to serve on, UDP and TCP")
	a.Flag(c, "data-dir", "server.data_dir", "`directory` for keys and certificate")
	a.Flag(c, "admin-listen", "server.admin_listen", "`address` of metrics and health")
	a.Flag(c, "admin-web-config", "server.admin_web_config", "web configuration `file` of metrics and health")
	return c
}

func serve(c *cobra.Command, load func() (config.File, config.Source, error)) (err error) {
	run, err := open(c.Context(), load, c.ErrOrStderr())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, run.close()) }()
	forget, err := run.keys.NoteServed(run.started.Server.DataDir)
	if err != nil {
		return err
	}
	defer forget()
	f, log := run.started.Server, run.log
	reloader, err := daemon.NewReloader(run.registry, "examlink_server", log, run.reload)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(c.Context())
	if f.AdminListen != "" || f.AdminSystemdSocket {
		admin, err := run.admin()
		if err != nil {
			return err
		}
		token, err := auth.ReadOperatorToken(f.DataDir, true)
		if err != nil {
			return err
		}
		run.mount(admin, reloader, token)
		log.Info("serving metrics", "address", admin.Address(), "web_config", f.AdminWebConfig)
		g.Go(func() error { return admin.Run(ctx) })
	}
	log.Info("starting", "version", daemon.Version(), "config", run.source.File, "data_dir", f.DataDir, "store", run.store.Database(),
		"fingerprint", run.keys.Fingerprint(), "certificate_until", run.certified())
	g.Go(func() error { return reloader.Run(ctx) })
	g.Go(func() error { return run.srv.Run(ctx) })
	return g.Wait()
}

// open loads the configuration and makes the server that it describes, with its
// sockets. The caller closes it.
func open(ctx context.Context, load func() (config.File, config.Source, error), stderr io.Writer) (*running, error) {
	f, src, err := load()
	if err != nil {
		return nil, err
	}
	if err := checkWeb(f); err != nil {
		return nil, cli.Usage(err)
	}
	run := &running{load: load, source: src, started: f, force: f, level: new(slog.LevelVar), registry: daemon.Registry()}
	run.level.Set(daemon.Level(f.Log.Level))
	run.profiles.Store(f.Server.AdminPprof)
	run.log = daemon.Logger(stderr, run.level, f.Log.Format)
	for _, w := range src.Warnings {
		run.log.Warn(w)
	}
	if run.keys, err = loadKeys(f.Server); err != nil {
		return nil, err
	}
	if !f.Server.ACME.Wanted() {
		run.certificate = server.NewCertificate(run.keys.Certificate)
	}
	if run.store, err = openStore(ctx, f); err != nil {
		return nil, err
	}
	if err := run.listen(ctx); err != nil {
		return nil, errors.Join(err, run.close())
	}
	return run, nil
}

// listen opens the sockets and makes the server.
func (r *running) listen(ctx context.Context) (err error) {
	udp, tcp, err := server.Listen(ctx, r.started.Server.Listen)
	if err != nil {
		return fmt.Errorf("server.listen: %w", err)
	}
	r.udp, r.tcp = udp, tcp
	if r.acme, err = r.ordered(ctx); err != nil {
		return err
	}
	if r.srv, err = r.newServer(); err != nil {
		return err
	}
	return r.srv.Register(r.registry)
}

// newServer makes the server.
func (r *running) newServer() (*server.Server, error) {
	settings, err := r.started.ServerSettings()
	if err != nil {
		return nil, err
	}
	notify, err := r.started.AlertOptions()
	if err != nil {
		return nil, err
	}
	notify.Log = r.log
	issuer := r.keys.Issuer(r.started.Server.Public)
	name, err := r.name()
	if err != nil {
		return nil, err
	}
	var checkPage *page.Options
	if r.started.Page.Enabled {
		checkPage = &page.Options{Rehearsal: settings.Rehearsal.Enabled}
	}
	var board *server.BoardOptions
	if r.started.Board.Enabled {
		provider, err := r.started.Provider()
		if err != nil {
			return nil, err
		}
		board = &server.BoardOptions{Provider: provider, Life: r.started.Board.SignIn.Life}
	}
	return server.New(server.Options{
		Page: checkPage, Board: board, ACME: r.acme,
		Conn: r.udp, TCP: r.tcp, Certificate: r.certificate, TokenKey: r.keys.Tokens[0].Public(), TokenKeys: r.keys.Public()[1:], Issuer: &issuer, Sign: r.keys.Tokens[0].Key, Secret: r.keys.Secret,
		Limits: settings.Limits, Silence: settings.Silence, Policy: settings.Policy, SessionSeries: settings.SessionSeries, Policies: settings.Policies,
		Retention: settings.Retention, Attendance: settings.Attendance, Rehearsal: settings.Rehearsal, Store: r.store, Notify: &notify, Cluster: name, Log: r.log, Version: daemon.Version(),
	})
}

// name returns the server's name among those that share its store; empty: no others can.
func (r *running) name() (string, error) {
	if !r.store.Shared() {
		return "", nil
	}
	if n := r.started.Server.Name; n != "" {
		return n, nil
	}
	host, err := os.Hostname()
	if err != nil {
		return "", fmt.Errorf("server.name: this host has no name: %w", err)
	}
	return host, nil
}

// admin makes the admin listener.
func (r *running) admin() (*daemon.Admin, error) {
	page, err := web.Page("examlink-server", "Measures students' network links for proctored exams", daemon.Version(),
		web.Link{Address: "/metrics", Text: "Metrics"}, web.Link{Address: "/-/healthy", Text: "Health"},
		web.Link{Address: "/-/ready", Text: "Readiness", Description: "whether students are admitted"})
	if err != nil {
		return nil, err
	}
	f := r.started.Server
	listeners, err := web.Listen(f.AdminListen, f.AdminSystemdSocket)
	if err != nil {
		return nil, fmt.Errorf("metrics listener: %w", err)
	}
	return daemon.NewAdminOn(listeners, daemon.AdminOptions{
		Gatherer: r.registry, Ready: r.srv.Ready, Degraded: r.srv.Degraded, Profiles: r.profiles.Load, Page: page, Serve: web.Serve(f.AdminWebConfig, r.log), Log: r.log,
	}), nil
}

// mount adds to the admin listener what only a server has.
func (r *running) mount(admin *daemon.Admin, reload http.Handler, token string) {
	admin.Handle("POST /-/reload", reload)
	r.srv.API(auth.NewOperatorToken(token)).Mount(admin)
}

// publicAddresses returns the addresses at which students reach the server.
func publicAddresses(f config.File, flag []string) []string {
	if len(flag) > 0 {
		return flag
	}
	return f.Server.Public
}
