package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"examlink/cmd/internal/config"
	"examlink/server/alert"
	"examlink/server/delivery"
)

func TestTokenIsNotPrinted(t *testing.T) {
	f := config.Default()
	f.Client.Token = "eyJh.c2VjcmV0.c2ln"
	text, err := f.YAML()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text, f.Client.Token) || strings.Contains(text, "c2VjcmV0") {
		t.Errorf("the token is shown:\n%s", text)
	}
	if !strings.Contains(text, "set, not shown") {
		t.Errorf("that a token is set is not said:\n%s", text)
	}
	reload(t, f)
	if text, _ := config.Default().YAML(); strings.Contains(text, "not shown") {
		t.Errorf("a token is said to be set:\n%s", text)
	}
}

const hookSecret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

func TestSecretsOfWebhooks(t *testing.T) {
	f := config.Default()
	name := filepath.Join(t.TempDir(), "secret")
	f.Server.Alerts.Webhooks = []config.Webhook{
		{Webhook: delivery.Webhook{Name: "a", URL: "https://a.example/", Secret: hookSecret, Kinds: []alert.Kind{alert.Dropped}}},
		{Webhook: delivery.Webhook{Name: "b", URL: "https://b.example/"}, SecretFile: name},
	}
	text, err := f.YAML()
	if err != nil || strings.Contains(text, hookSecret) || strings.Count(text, "set, not shown") != 1 {
		t.Errorf("%v\n%s", err, text)
	}
	if f.Server.Alerts.Webhooks[0].Secret != hookSecret {
		t.Error("printing has changed the configuration")
	}
	if _, err := f.AlertOptions(); err == nil || !strings.Contains(err.Error(), "webhook b: secret_file: ") {
		t.Errorf("a file that is not there: %v", err)
	}
	if err := os.WriteFile(name, []byte(hookSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := f.AlertOptions()
	if err != nil || o.Webhooks[0].Secret != hookSecret || o.Webhooks[1].Secret != hookSecret || o.MinimumUp != 384e3 || o.MinimumDown != 768e3 ||
		o.Dir != filepath.Join("examlink-data", "alerts") || o.Webhooks[0].Kinds[0] != alert.Dropped {
		t.Errorf("%+v, %v", o, err)
	}
}
