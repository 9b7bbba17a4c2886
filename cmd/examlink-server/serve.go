package main

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"examlink/cmd/internal/cli"
	"examlink/cmd/internal/config"
	"examlink/cmd/internal/daemon"
	"examlink/server"
)

func newServe(a *cli.App) *cobra.Command {
	c := &cobra.Command{
		Use: "serve", Short: "Serves students until told to stop", Args: cli.NoArgs,
		Long: `Serves students until told to stop. On its first start it makes the keys that
join tokens are signed with and, unless one is configured, a certificate.`,
		RunE: func(c *cobra.Command, _ []string) error {
			f, src, err := a.Load(c)
			if err != nil {
				return err
			}
			log := daemon.Logger(c.ErrOrStderr(), f.Log.Level, f.Log.Format)
			keys, err := server.LoadKeys(f.Server.DataDir, f.Server.Certificate, f.Server.Key, time.Now())
			if err != nil {
				return err
			}
			udp, tcp, err := listen(f.Server.Listen)
			if err != nil {
				return err
			}
			defer udp.Close()
			alerts, err := newAlerts(f, log)
			if err != nil {
				_ = tcp.Close()
				return err
			}
			conf := &tls.Config{Certificates: []tls.Certificate{keys.Certificate}, MinVersion: tls.VersionTLS13}
			options := server.Options{
				Conn: udp, TCP: tcp, TLS: conf, TokenKey: keys.Token.Public().(ed25519.PublicKey), Secret: keys.Secret,
				Limits: f.ServerLimits(), Silence: f.ServerSilence(), Log: log, Version: daemon.Version(),
			}
			follow(&options, alerts)
			srv, err := server.New(options)
			if err != nil {
				_ = tcp.Close()
				return err
			}
			registry, err := registryOf(srv, keys)
			if err == nil {
				err = alerts.Register(registry)
			}
			if err != nil {
				_ = tcp.Close()
				return err
			}
			g, ctx := errgroup.WithContext(c.Context())
			if f.Server.AdminListen != "" {
				admin, err := daemon.NewAdmin(f.Server.AdminListen, registry, srv.Ready)
				if err != nil {
					_ = tcp.Close()
					return err
				}
				token, err := adminToken(f.Server.DataDir, true)
				if err != nil {
					_ = tcp.Close()
					return err
				}
				api{token, srv, alerts}.mount(admin)
				log.Info("metrics", "address", "http://"+admin.Address()+"/metrics")
				g.Go(func() error { return admin.Run(ctx) })
			}
			log.Info("starting", "version", daemon.Version(), "config", src.File, "data_dir", f.Server.DataDir,
				"fingerprint", keys.Fingerprint(), "certificate_until", keys.Certificate.Leaf.NotAfter.Format(time.DateOnly))
			telling, stop := context.WithCancel(context.WithoutCancel(ctx))
			defer stop()
			g.Go(func() error { return alerts.Run(telling) })
			g.Go(func() error { defer stop(); return srv.Run(ctx) }) // what happens until its end is told
			return g.Wait()
		},
	}
	a.Flag(c, "listen", "server.listen", "`address` to serve on, UDP and TCP")
	a.Flag(c, "data-dir", "server.data_dir", "`directory` for keys and certificate")
	a.Flag(c, "admin-listen", "server.admin_listen", "`address` of metrics and health")
	return c
}

// listen opens one port by UDP and TCP. With port 0 the system picks one that
// is free for both.
func listen(address string) (*net.UDPConn, net.Listener, error) {
	var last error
	for range 10 {
		tcp, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", address)
		if err != nil {
			return nil, nil, fmt.Errorf("server.listen: %w", err)
		}
		a, err := net.ResolveUDPAddr("udp", address)
		if err != nil {
			_ = tcp.Close()
			return nil, nil, fmt.Errorf("server.listen: %w", err)
		}
		wanted := a.Port
		a.Port = tcp.Addr().(*net.TCPAddr).Port
		udp, err := net.ListenUDP("udp", a)
		if err == nil {
			return udp, tcp, nil
		}
		_ = tcp.Close()
		last = fmt.Errorf("server.listen: %w", err)
		if wanted != 0 {
			break
		}
	}
	return nil, nil, last
}

// registryOf makes the server's registry.
func registryOf(srv *server.Server, keys server.Keys) (*prometheus.Registry, error) {
	r := daemon.Registry()
	expiry := prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: "examlink", Subsystem: "server", Name: "certificate_expiry_timestamp_seconds", Help: "When the certificate ends.",
	})
	expiry.Set(float64(keys.Certificate.Leaf.NotAfter.Unix()))
	if err := r.Register(expiry); err != nil {
		return nil, err
	}
	return r, srv.Register(r)
}

// publicAddresses is how students reach the server.
func publicAddresses(f config.File, flag []string) []string {
	if len(flag) > 0 {
		return flag
	}
	return f.Server.Public
}
