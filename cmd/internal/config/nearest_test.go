package config_test

import (
	"strings"
	"testing"

	"examlink/cmd/internal/config"
)

func TestNearest(t *testing.T) {
	names := []string{"token", "server", "interval", "loss_after", "json", "for"}
	for word, want := range map[string]string{
		"tokn": "token", "tokne": "token", "Token": "token", "intervall": "interval", "loss-after": "loss_after", "los_aftr": "loss_after",
		"jsno": "json", "x": "", "fro": "for", "of": "", "nonsense": "", "": "", "service": "",
	} {
		if got := config.Nearest(word, names); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}

// An unknown key is told with the key that was probably meant, in its section or in
// another.
func TestUnknownKeysAreTold(t *testing.T) {
	for text, want := range map[string]string{
		"client: {intervall: 20ms}":                           "client.intervall: unknown key; did you mean client.interval?",
		"sever: {listen: ':1'}":                               "sever: unknown key; did you mean server?",
		"server: {session_series: 5}":                         "server.session_series: unknown key; did you mean server.metrics.session_series?",
		"server: {alerts: {webhooks: [{naem: a}]}}":           "server.alerts.webhooks[0].naem: unknown key; did you mean server.alerts.webhooks.name?",
		"server: {alerts: {alertmanager: {resned: 1m}}}":      "did you mean server.alerts.alertmanager.resend?",
		"server: {colour: red}":                               "server.colour: unknown key\n",
		"policies: [{name: a, minimum: {downlood: 1Mbit/s}}]": "policies[0].minimum.downlood: unknown key; did you mean policies.minimum.download?",
	} {
		_, _, err := config.Load(write(t, text), nil)
		if err == nil || !strings.Contains(err.Error()+"\n", want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestStrayVariables(t *testing.T) {
	file := write(t, "")
	for name, want := range map[string]string{
		"EXAMLINK_CLIENT_TOKN": "EXAMLINK_CLIENT_TOKEN", "EXAM_LINK_SERVER_LISTEN": "EXAMLINK_SERVER_LISTEN", "EXAMLINK_CLIENT_WATCH_FLOOREVERY": "EXAMLINK_CLIENT_WATCH_FLOOR_EVERY",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, "secret")
			_, _, err := config.Load(file, nil)
			if err == nil || !strings.Contains(err.Error(), name+": unknown environment variable; did you mean "+want+"?") || strings.Contains(err.Error(), "secret") {
				t.Errorf("%v", err)
			}
		})
	}
	t.Setenv("EXAMLINK_SERVER_PORT_8443_UDP", "udp://10.0.0.1:8443") // as Kubernetes sets it
	t.Setenv("EXAMINER", "me")
	_, src, err := config.Load(file, nil)
	if err != nil || len(src.Warnings) != 1 || !strings.Contains(src.Warnings[0], "EXAMLINK_SERVER_PORT_8443_UDP") {
		t.Errorf("%q, %v", src.Warnings, err)
	}
}
