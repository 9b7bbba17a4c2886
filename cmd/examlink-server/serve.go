package main

import (
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"examlink/cmd/internal/cli"
	"examlink/cmd/internal/config"
	"examlink/cmd/internal/daemon"
	"examlink/cmd/internal/web"
	"examlink/server"
	"examlink/server/auth"
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
			return serve(c, func() (config.File, config.Source, error) { return a.Read(c) })
		},
	}
	c.Flags().BoolVar(&check, "config.check", false, "only check whether the configuration is valid, as config --check does")
	a.Flag(c, "listen", "server.listen", "`address` to serve on, UDP and TCP")
	a.Flag(c, "data-dir", "server.data_dir", "`directory` for keys and certificate")
	a.Flag(c, "admin-listen", "server.admin_listen", "`address` of metrics and health")
	a.Flag(c, "admin-web-config", "server.admin_web_config", "web configuration `file` of metrics and health")
	return c
}

func serve(c *cobra.Command, load func() (config.File, config.Source, error)) error {
	f, src, err := load()
	if err != nil {
		return err
	}
	if err := checkWeb(f); err != nil {
		return cli.Usage(err)
	}
	level := new(slog.LevelVar)
	level.Set(daemon.Level(f.Log.Level))
	log := daemon.Logger(c.ErrOrStderr(), level, f.Log.Format)
	for _, w := range src.Warnings {
		log.Warn(w)
	}
	keys, err := server.LoadKeys(f.Server.DataDir, f.Server.Certificate, f.Server.Key, time.Now())
	if err != nil {
		return err
	}
	settings, err := f.ServerSettings()
	if err != nil {
		return err
	}
	notify, err := f.AlertOptions()
	if err != nil {
		return err
	}
	notify.Log = log
	udp, tcp, err := server.Listen(c.Context(), f.Server.Listen)
	if err != nil {
		return fmt.Errorf("server.listen: %w", err)
	}
	defer udp.Close()
	defer tcp.Close() // for errors before the server takes it over
	shown := server.NewCertificate(keys.Certificate)
	srv, err := server.New(server.Options{
		Conn: udp, TCP: tcp, Certificate: shown, TokenKey: keys.Token.Public().(ed25519.PublicKey), Secret: keys.Secret,
		Limits: settings.Limits, Silence: settings.Silence, Policy: settings.Policy, SessionSeries: settings.SessionSeries,
		Notify: &notify, Log: log, Version: daemon.Version(),
	})
	if err != nil {
		return err
	}
	registry := daemon.Registry()
	if err := srv.Register(registry); err != nil {
		return err
	}
	run := &running{load: load, started: f, force: f, level: level, certificate: shown, srv: srv, log: log}
	reloader, err := daemon.NewReloader(registry, "examlink_server", log, run.reload)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(c.Context())
	if f.Server.AdminListen != "" || f.Server.AdminSystemdSocket {
		admin, err := adminOf(f.Server, registry, srv.Ready, log)
		if err != nil {
			return err
		}
		token, err := auth.ReadOperatorToken(f.Server.DataDir, true)
		if err != nil {
			return err
		}
		admin.Handle("POST /-/reload", reloader)
		srv.API(auth.NewOperatorToken(token)).Mount(admin)
		log.Info("serving metrics", "address", admin.Address(), "web_config", f.Server.AdminWebConfig)
		g.Go(func() error { return admin.Run(ctx) })
	}
	log.Info("starting", "version", daemon.Version(), "config", src.File, "data_dir", f.Server.DataDir,
		"fingerprint", keys.Fingerprint(), "certificate_until", shown.NotAfter().Format(time.DateOnly))
	g.Go(func() error { return reloader.Run(ctx) })
	g.Go(func() error { return srv.Run(ctx) })
	return g.Wait()
}

// adminOf makes the admin listener.
func adminOf(f config.Server, r prometheus.Gatherer, ready func() bool, log *slog.Logger) (*daemon.Admin, error) {
	page, err := web.Page("examlink-server", "Measures students' network links for proctored exams", daemon.Version(),
		web.Link{Address: "/metrics", Text: "Metrics"}, web.Link{Address: "/-/healthy", Text: "Health"},
		web.Link{Address: "/-/ready", Text: "Readiness", Description: "whether students are admitted"})
	if err != nil {
		return nil, err
	}
	listeners, err := web.Listen(f.AdminListen, f.AdminSystemdSocket)
	if err != nil {
		return nil, fmt.Errorf("metrics listener: %w", err)
	}
	return daemon.NewAdminOn(listeners, daemon.AdminOptions{Gatherer: r, Ready: ready, Page: page, Serve: web.Serve(f.AdminWebConfig, log), Log: log}), nil
}

// publicAddresses returns the addresses at which students reach the server.
func publicAddresses(f config.File, flag []string) []string {
	if len(flag) > 0 {
		return flag
	}
	return f.Server.Public
}
