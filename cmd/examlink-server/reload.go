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

// running is a server under way, and what it was configured with.
type running struct {
	load           func() (config.File, config.Source, error)
	started, force config.File // what it was started with, and what is in force where that can change
	level          *slog.LevelVar
	certificate    *server.Certificate
	srv            *server.Server
	log            *slog.Logger
}

// reload puts a configuration in force as far as that can be done under way,
// and says in the log what cannot. An error leaves everything as it is.
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
	// Join tokens name the key of a certificate we made; whether they need to is
	// settled when they are issued.
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

// checkFiles says what is wrong with the files a configuration names, as far as
// a server would notice when it starts.
func checkFiles(f config.File) error {
	if f.Server.Certificate != "" {
		if _, err := server.LoadCertificate(f.Server.Certificate, f.Server.Key, time.Now()); err != nil {
			return err
		}
	}
	if _, err := f.AlertOptions(); err != nil { // reads the files of secrets
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
