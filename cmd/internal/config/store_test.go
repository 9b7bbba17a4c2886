package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"examlink/cmd/internal/config"
)

const databaseURL = "postgres://exam:hidden@db.example/examlink"

// The URL of the store comes from the file, a file of its own or the environment,
// and its password is never printed.
func TestStoreURL(t *testing.T) {
	f := config.Default()
	if u, err := f.StoreURL(); u != "" || err != nil || f.StoreFile() != filepath.Join("examlink-data", "examlink.db") {
		t.Errorf("by default: %q, %v, %s", u, err, f.StoreFile())
	}
	f = load(t, write(t, `store: {url: "`+databaseURL+`"}`))
	text, err := f.YAML()
	if u, bad := f.StoreURL(); u != databaseURL || bad != nil || err != nil || strings.Contains(text, "hidden") {
		t.Errorf("%q, %v, %v\n%s", u, bad, err, text)
	}
	name := filepath.Join(t.TempDir(), "url")
	f = load(t, write(t, `store: {url_file: "`+name+`"}`))
	if _, err := f.StoreURL(); err == nil || !strings.Contains(err.Error(), "store.url_file") {
		t.Errorf("a file that is not there: %v", err)
	}
	for content, want := range map[string]string{databaseURL + "\n": databaseURL, "mysql://exam:hidden@db.example": "", "": "", "postgres:hidden": ""} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		u, err := f.StoreURL()
		if u != want || (err == nil) != (want != "") || err != nil && strings.Contains(err.Error(), "hidden") {
			t.Errorf("%q: %q, %v", content, u, err)
		}
	}
	t.Setenv("EXAMLINK_STORE_URL", "postgresql://db.example/other")
	if u, err := load(t, write(t, "")).StoreURL(); u != "postgresql://db.example/other" || err != nil {
		t.Errorf("environment: %q, %v", u, err)
	}
}

func TestStoreRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`store: {url: "mysql://exam:hidden@db.example/x"}`: "store.url: expected postgres://",
		`store: {url: "` + databaseURL + `", url_file: x}`: "store.url: expected either this or store.url_file",
		`store: {retention: {receipts: 5m}}`:               "store.retention.receipts: 5m0s, expected 0s or at least 1h0m0s",
		`store: {retention: {sessions: 2h}}`:               "store.retention.sessions: 2h0m0s, expected 0s or at least 24h0m0s",
		`store: {retention: {audit: 2h}}`:                  "store.retention.audit: 2h0m0s, expected 0s or at least 720h0m0s",
		`store: {retention: {rosters: -2h}}`:               "store.retention.rosters",
		`store: {retention: {undelivered: 30}}`:            "store.retention.undelivered",
	} {
		if _, _, err := config.Load(write(t, text), nil); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	f := load(t, write(t, `store: {retention: {rosters: 0s, receipts: 0s, records: 0s, sessions: 0s, undelivered: 0s, audit: 0s}}`))
	if settings, err := f.ServerSettings(); err != nil || settings.Retention != f.Store.Retention {
		t.Errorf("%+v, %v", settings.Retention, err)
	}
}
