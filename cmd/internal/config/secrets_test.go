package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"examlink/server/delivery"
)

// Each secret can be kept out of the configuration file: in an environment variable or
// in a file of its own. Items of lists have no variables.
func TestEverySecretHasAPlaceOfItsOwn(t *testing.T) {
	count := 0
	var walk func(n *node)
	walk = func(n *node) {
		for _, c := range n.children {
			walk(c)
			if !c.secret {
				continue
			}
			count++
			file := n.child(c.name + "_file")
			if c.inItem && file == nil {
				t.Errorf("%s: no key %s_file", c.path, c.name)
			}
			if file != nil && file.secret {
				t.Errorf("%s: the name of a file is no secret", file.path)
			}
			if !c.inItem && !Secret(c.path) {
				t.Errorf("%s: not known as a secret", c.path)
			}
		}
	}
	walk(root)
	if count < 3 {
		t.Errorf("%d secrets, expected the join token, a webhook's and Alertmanager's", count)
	}
	if Secret("server.listen") {
		t.Error("server.listen is no secret")
	}
}

func TestSecretsFromFiles(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"url": "https://proctors.example.edu/T0K3N\n", "password": "pass word\n", "empty": "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f := Default()
	f.Server.Alerts.Webhooks = []Webhook{{Webhook: delivery.Webhook{Name: "a", Secret: "x"}, URLFile: filepath.Join(dir, "url")}}
	f.Server.Alerts.Alertmanager.Username, f.Server.Alerts.Alertmanager.PasswordFile = "me", filepath.Join(dir, "password")
	o, err := f.AlertOptions()
	if err != nil || o.Webhooks[0].URL != "https://proctors.example.edu/T0K3N" || o.Alertmanager.Password != "pass word" {
		t.Errorf("%+v, %v", o, err)
	}
	var named []string
	for _, n := range f.Files() {
		named = append(named, n.Key)
	}
	if got := strings.Join(named, " "); got != "server.alerts.alertmanager.password_file server.alerts.webhooks[0].url_file" {
		t.Errorf("files: %s", got)
	}
	f.Server.Alerts.Webhooks[0].URLFile = filepath.Join(dir, "empty")
	if _, err := f.AlertOptions(); err == nil || !strings.Contains(err.Error(), "webhook a: url_file: ") {
		t.Errorf("an empty file: %v", err)
	}
}

// What is printed has no passwords, wherever they were written.
func TestPrintedURLsHaveNoPassword(t *testing.T) {
	f := Default()
	f.Server.Alerts.Webhooks = []Webhook{{Webhook: delivery.Webhook{Name: "a", URL: "https://me:hush@proctors.example.edu/"}}}
	f.Server.Alerts.Alertmanager.Password = "hush"
	text, err := f.YAML()
	if err != nil || strings.Contains(text, "hush") || !strings.Contains(text, "https://me:xxxxx@proctors.example.edu/") || !strings.Contains(text, "password not shown") {
		t.Errorf("%v\n%s", err, text)
	}
}
