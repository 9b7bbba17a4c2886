package main

import (
	"fmt"
	"log/slog"
	"strings"
	"time"

	"examlink/cmd/internal/config"
	"examlink/cmd/internal/daemon"
	"examlink/cmd/internal/web"
	"examlink/server"
)

// running is a running server with its configuration.
type running struct {
	load           func() (config.File, config.Source, error)
	started, force config.File // at the start, and now: they differ in keys that can be reloaded
	level          *slog.LevelVar
	certificate    *server.Certificate
	srv            *server.Server
	log            *slog.Logger
}

// reload applies the keys of a configuration that can change at run time, and
// logs those that need a restart. On an error nothing changes.
func (r *running) reload() error {
	f, src, err := r.load()
	if err != nil {
		return err
	}
	settings, err := f.ServerSettings()
	if err != nil {
		return err
	}
	own := f.Server.Certificate != ""
	// Join tokens name the key of a self-signed certificate, and they are issued
	// already: a reload cannot switch between a self-signed one and another.
	restart := own != (r.started.Server.Certificate != "")
	if own && !restart {
		next, err := server.LoadCertificate(f.Server.Certificate, f.Server.Key, time.Now())
		if err != nil {
			return err
		}
		settings.Certificate = &next
	}
	if err := checkWeb(r.started); err != nil {
		return err
	}
	if err := r.srv.Reload(settings); err != nil {
		return err
	}
	r.level.Set(daemon.Level(f.Log.Level))
	held := func(key string) bool { return restart && (key == "server.certificate" || key == "server.key") }
	var changed []string
	for _, c := range config.Changed(r.force, f) {
		if c.Reload == config.Live && !held(c.Key) {
			changed = append(changed, c.Key)
		}
	}
	for _, c := range config.Changed(r.started, f) {
		if c.Reload == config.Restart || held(c.Key) {
			r.log.Warn("configuration change needs a restart", "key", c.Key)
		}
	}
	r.force = f
	r.log.Info("configuration reloaded", "config", src.File, "changed", strings.Join(changed, ","),
		"certificate_until", r.certificate.NotAfter().Format(time.DateOnly))
	return nil
}

// checkFiles checks the files that a configuration names, as the server does when
// it starts.
func checkFiles(f config.File) error {
	if f.Server.Certificate != "" {
		if _, err := server.LoadCertificate(f.Server.Certificate, f.Server.Key, time.Now()); err != nil {
			return err
		}
	}
	if _, err := f.AlertOptions(); err != nil { // reads the secret files
		return err
	}
	return checkWeb(f)
}

func checkWeb(f config.File) error {
	if err := web.Check(f.Server.AdminWebConfig); err != nil {
		return fmt.Errorf("server.admin_web_config: %w", err)
	}
	return nil
}
