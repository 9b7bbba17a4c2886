package config

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"examlink/server/store"
)

// Store says where the server keeps what it must not lose, and for how long.
type Store struct {
	URL       string          `mapstructure:"url" secret:"true" is:"PostgreSQL URL or empty" doc:"A PostgreSQL database, as postgres://user:password@host/name. Empty: SQLite, in the file examlink.db in server.data_dir."`
	URLFile   string          `mapstructure:"url_file" doc:"A file with that URL, instead of url."`
	Retention store.Retention `mapstructure:"retention" reload:"live" doc:"How long data is kept; what is older is removed every hour. 0s: for ever."`
}

// storeFile is the SQLite database in the data directory.
const storeFile = "examlink.db"

// StoreFile is the SQLite database.
func (f File) StoreFile() string { return filepath.Join(f.Server.DataDir, storeFile) }

// StoreURL returns the URL of the PostgreSQL database; empty: SQLite. It reads the
// file that has it.
func (f File) StoreURL() (string, error) {
	if f.Store.URLFile == "" {
		return f.Store.URL, nil
	}
	b, err := os.ReadFile(f.Store.URLFile)
	if err != nil {
		return "", fmt.Errorf("store.url_file: %w", err)
	}
	s := strings.TrimSpace(string(b))
	if err := checkPostgresURL(s); err != nil {
		return "", fmt.Errorf("store.url_file: %s: %w", f.Store.URLFile, err)
	}
	return s, nil
}

// checkPostgresURL checks the form of a URL. It may hold a password, so the error
// does not have it.
func checkPostgresURL(s string) error {
	if u, err := url.Parse(s); err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || u.Opaque != "" {
		return errors.New("expected postgres://user:password@host/name")
	}
	return nil
}

// check reports values that contradict each other.
func (s Store) check(found *problems) {
	if s.URL != "" && s.URLFile != "" {
		found.add("store.url", "expected either this or store.url_file")
	}
	for _, field := range s.Retention.Fields() {
		if err := field.Check(); err != nil {
			found.add("store.retention."+field.Name, "%v", err)
		}
	}
}
