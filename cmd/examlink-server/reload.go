package main

import (
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"examlink/cmd/internal/config"
	"examlink/cmd/internal/daemon"
	"examlink/server"
	"examlink/server/acme"
	"examlink/server/store/sql"
)

// running is a running server with its configuration.
type running struct {
	load           func() (config.File, config.Source, error)
	source         config.Source // of the configuration that was loaded last
	started, force config.File   // at the start, and now: they differ in keys that can be reloaded
	level          *slog.LevelVar
	profiles       atomic.Bool // whether they are served
	log            *slog.Logger
	keys, next     server.Keys // in force, and read by the reload that is under way
	store          *sql.Store
	certificate    *server.Certificate // in force; nil: acme orders it
	acme           *acme.Options       // nil: the certificate is in files
	udp            net.PacketConn
	tcp            net.Listener // the server closes it when it ends
	srv            *server.Server
	registry       *prometheus.Registry
}

// close closes the sockets and the store.
func (r *running) close() error {
	if r.udp != nil {
		_ = r.udp.Close()
		_ = r.tcp.Close()
	}
	if r.acme != nil && r.acme.HTTP != nil {
		_ = r.acme.HTTP.Close()
	}
	return r.store.Close()
}

// reload applies the keys of a configuration that can change at run time, and
// returns those that need a restart. On an error nothing changes.
func (r *running) reload() (restart []string, err error) {
	f, src, err := r.load()
	if err == nil {
		err = r.checkSource(src)
	}
	if err != nil {
		return nil, err
	}
	settings, err := r.settings(f)
	if err != nil {
		return nil, err
	}
	if err := checkWeb(r.started); err != nil {
		return nil, err
	}
	if err := r.srv.Reload(settings); err != nil {
		return nil, err
	}
	r.keys = r.next
	if _, err := r.keys.NoteServed(r.started.Server.DataDir); err != nil {
		r.log.Error("keys not noted", "err", err)
	}
	r.level.Set(daemon.Level(f.Log.Level))
	r.profiles.Store(f.Server.AdminPprof)
	var changed []string
	for _, c := range config.Changed(r.force, f) {
		if c.Reload == config.Live && !r.held(f, c.Key) {
			changed = append(changed, c.Key)
		}
	}
	for _, c := range config.Changed(r.started, f) {
		if c.Reload == config.Restart || r.held(f, c.Key) {
			restart = append(restart, c.Key)
			r.log.Warn("configuration change needs a restart", "key", c.Key)
		}
	}
	for _, w := range src.Warnings {
		r.log.Warn(w)
	}
	r.force, r.source = f, src
	r.log.Info("configuration reloaded", "config", src.File, "changed", strings.Join(changed, ","),
		"certificate_until", r.certified())
	return restart, nil
}

// checkSource refuses what is most likely an accident: a file that is gone, or that
// says nothing any more. All keys would fall back to their defaults.
func (r *running) checkSource(next config.Source) error {
	switch was := r.source; {
	case was.File == "":
		return nil
	case next.File == "":
		return fmt.Errorf("configuration %s: the file is gone", was.File)
	case next.File != was.File:
		return fmt.Errorf("configuration %s: the file is gone, and %s was found instead; restart the server to use that", was.File, next.File)
	case next.Empty && !was.Empty:
		return fmt.Errorf("configuration %s: the file sets no key any more; restart the server if that is intended", was.File)
	}
	return nil
}

// settings reads what a configuration changes, with the files that it names.
func (r *running) settings(f config.File) (server.Settings, error) {
	settings, err := f.ServerSettings()
	if err != nil {
		return settings, err
	}
	notify, err := f.AlertOptions()
	if err != nil {
		return settings, err
	}
	settings.Notify = &notify
	keys := r.keys
	if keys.Tokens, err = server.ReadTokenKeys(r.started.Server.DataDir); err != nil {
		return settings, err
	}
	if f.Server.Certificate != "" && !r.held(f, "server.certificate") {
		next, err := server.LoadCertificate(f.Server.Certificate, f.Server.Key, time.Now())
		if err != nil {
			return settings, err
		}
		settings.Certificate, keys.Certificate = &next, next
	}
	if _, err := f.StoreURL(); err != nil {
		return settings, err
	}
	keys.Token = keys.Tokens[0].Key
	issuer := keys.Issuer(f.Server.Public)
	settings.TokenKeys, settings.Issuer = keys.Public(), &issuer
	r.next = keys
	return settings, nil
}

// held says whether a live key keeps its value. Join tokens name the key of a
// self-signed certificate, and they are issued already: a reload cannot switch between
// a self-signed one and another.
func (r *running) held(f config.File, key string) bool {
	return (f.Server.Certificate != "") != (r.started.Server.Certificate != "") && (key == "server.certificate" || key == "server.key")
}
