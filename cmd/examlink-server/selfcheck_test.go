//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"examlink/server"
	"time"
)

// checkAsUser runs the program's own check as another user, on a configuration with one
// secret of root's.
func checkAsUser(t *testing.T, dir string, args ...string) (code int, text string) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(program)
	c.Args, c.Dir = append([]string{"examlink-server"}, args...), dir // its name is its command: see TestMain
	out, err := c.CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited { //nolint:errorlint // Run's own
		t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), string(out)
}

// A check that is asked to be the service's says what the service would find.
func TestCheckAsTheServicesUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can be another user")
	}
	dir, err := os.MkdirTemp("", "examlink-check-") // t.TempDir is closed to others
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	for _, err := range []error{
		os.Chmod(dir, 0o755),
		os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(`server: {data_dir: data, alerts: {webhooks: [{name: one, url: "https://x.example/", secret_file: one.secret}]}}`), 0o644),
		os.WriteFile(filepath.Join(dir, "one.secret"), []byte("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n"), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	code, text := checkAsUser(t, dir, "config", "--check")
	if code != 0 || !strings.Contains(text, "server.alerts.webhooks[0].secret_file: one.secret: owner root:root, mode 0600, read by root\n") ||
		!strings.Contains(text, "checked as root, who may read everything; for a server that runs as another user, check with --user NAME") {
		t.Errorf("as root: %d, %s", code, text)
	}
	for _, args := range [][]string{{"config", "--check", "--user", "65534"}, {"serve", "--config.check", "--user", "65534"}} {
		code, text = checkAsUser(t, dir, args...)
		if code != 2 || strings.Contains(text, "valid") || !strings.Contains(text, "one.secret: permission denied (owner root:root, mode 0600, read by root)\nchecked as ") {
			t.Errorf("%q: %d, %s", args, code, text)
		}
	}
	if err := os.Chmod(filepath.Join(dir, "one.secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, text = checkAsUser(t, dir, "config", "--check", "--user", "65534"); code != 0 || !strings.Contains(text, "read by everybody\nchecked as ") || strings.Contains(text, "root, who") {
		t.Errorf("a secret for everybody: %d, %s", code, text)
	}
	// Keys that root has made by mistake would end the service.
	if _, err := server.LoadKeys(filepath.Join(dir, "data"), "", "", time.Now()); err != nil {
		t.Fatal(err)
	}
	if code, text = checkAsUser(t, dir, "config", "--check", "--user", "65534"); code != 2 || !strings.Contains(text, "server.data_dir: ") || !strings.Contains(text, "permission denied") {
		t.Errorf("a data directory of root's: %d, %s", code, text)
	}
	if code, text = checkAsUser(t, dir, "config", "--check", "--user", "nobody-of-this-name"); code != 2 || !strings.Contains(text, `--user: no user "nobody-of-this-name" on this computer`) {
		t.Errorf("no such user: %d, %s", code, text)
	}
	if code, text = checkAsUser(t, dir, "config", "--user", "65534"); code != 2 || !strings.Contains(text, "--user: expected with --check only") {
		t.Errorf("without --check: %d, %s", code, text)
	}
}
