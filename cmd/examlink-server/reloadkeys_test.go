package main

import (
	"context"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"examlink/cmd/internal/config"
	"examlink/cmd/internal/daemon"
	"examlink/server"
	"examlink/server/alert"
	"examlink/server/delivery"
)

// everyKey is a configuration with something to change under every key.
const everyKey = `
log: {level: info, format: text}
policy: ours
policies: [{name: ours, version: "1", minimum: {download: 1Mbit/s, upload: 1Mbit/s}}]
board: {signin: {issuer: 'https://id.example.edu', client: examlink, address: 'https://exam.example.edu', proctor: proctors, exams_claim: exams}}
server:
  listen: 127.0.0.1:0
  data_dir: DIR/data
  certificate: DIR/one.crt
  key: DIR/one.key
  acme: {agree_terms: true, binding_id: kid-1, binding_key_file: DIR/one.secret}
  alerts:
    webhooks: [{name: one, url: "https://proctors.example.edu/", secret_file: DIR/one.secret}]
    alertmanager: {urls: ["http://127.0.0.1:9"]}
`

// otherValues change each key that a server uses.
var otherValues = map[string]string{
	"log.level":                                "log: {level: warn}",
	"log.format":                               "log: {format: json}",
	"policy":                                   "policy: honorlock",
	"policies":                                 `policies: [{name: ours, version: "2", minimum: {download: 2Mbit/s, upload: 1Mbit/s}}]`,
	"page.enabled":                             "page: {enabled: false}",
	"page.rehearsal.enabled":                   "page: {rehearsal: {enabled: false}}",
	"page.rehearsal.at_once":                   "page: {rehearsal: {at_once: 7}}",
	"board.enabled":                            "board: {enabled: false}",
	"board.signin.address":                     "board: {signin: {address: 'https://other.example.edu'}}",
	"board.signin.client":                      "board: {signin: {client: other}}",
	"board.signin.exams_claim":                 "board: {signin: {exams_claim: groups}}",
	"board.signin.exams_prefix":                "board: {signin: {exams_prefix: 'exam:'}}",
	"board.signin.identity_claim":              "board: {signin: {identity_claim: email}}",
	"board.signin.issuer":                      "board: {signin: {issuer: 'https://other.example.edu'}}",
	"board.signin.life":                        "board: {signin: {life: 7h}}",
	"board.signin.operator":                    "board: {signin: {operator: operators}}",
	"board.signin.proctor":                     "board: {signin: {proctor: others}}",
	"board.signin.roles_claim":                 "board: {signin: {roles_claim: roles}}",
	"board.signin.scopes":                      "board: {signin: {scopes: [groups]}}",
	"board.signin.secret":                      "board: {signin: {secret: another}}",
	"board.signin.secret_file":                 "board: {signin: {secret_file: DIR/one.secret}}",
	"store.url":                                "store: {url: 'postgres://me@localhost/examlink'}",
	"store.url_file":                           "store: {url_file: DIR/database.url}",
	"store.retention.audit":                    "store: {retention: {audit: 1000h}}",
	"store.retention.receipts":                 "store: {retention: {receipts: 1000h}}",
	"store.retention.records":                  "store: {retention: {records: 1000h}}",
	"store.retention.rosters":                  "store: {retention: {rosters: 1000h}}",
	"store.retention.sessions":                 "store: {retention: {sessions: 1000h}}",
	"store.retention.undelivered":              "store: {retention: {undelivered: 1000h}}",
	"server.acme.agree_terms":                  "server: {acme: {agree_terms: false}}",
	"server.acme.binding_id":                   "server: {acme: {binding_id: kid-2}}",
	"server.acme.binding_key_file":             "server: {acme: {binding_key_file: DIR/two.secret}}",
	"server.acme.ca_file":                      "server: {acme: {ca_file: DIR/one.crt}}",
	"server.acme.directory":                    "server: {acme: {directory: 'https://acme.example.edu/directory'}}",
	"server.acme.email":                        "server: {acme: {email: it@example.edu}}",
	"server.acme.hosts":                        "server: {certificate: '', key: '', acme: {hosts: [exam.example.edu]}}",
	"server.acme.http_listen":                  "server: {acme: {http_listen: '127.0.0.1:8080'}}",
	"server.admin_listen":                      "server: {admin_listen: '127.0.0.1:9999'}",
	"server.name":                              "server: {name: another}",
	"server.admin_pprof":                       "server: {admin_pprof: true}",
	"server.admin_systemd_socket":              "server: {admin_systemd_socket: true}",
	"server.admin_web_config":                  "server: {admin_web_config: DIR/web.yaml}",
	"server.alerts.alertmanager.generator_url": "server: {alerts: {alertmanager: {generator_url: 'https://status.example.edu'}}}",
	"server.alerts.alertmanager.runbooks":      "server: {alerts: {alertmanager: {runbooks: 'https://git.example.edu/runbooks'}}}",
	"server.alerts.alertmanager.dashboards":    "server: {alerts: {alertmanager: {dashboards: 'https://grafana.example.edu'}}}",
	"server.alerts.alertmanager.username":      "server: {alerts: {alertmanager: {username: me, password: pass}}}",
	"server.alerts.alertmanager.password":      "server: {alerts: {alertmanager: {username: me, password: pass}}}",
	"server.alerts.alertmanager.password_file": "server: {alerts: {alertmanager: {username: me, password_file: DIR/one.secret}}}",
	"server.alerts.alertmanager.resend":        "server: {alerts: {alertmanager: {resend: 2m}}}",
	"server.alerts.alertmanager.timeout":       "server: {alerts: {alertmanager: {timeout: 3s}}}",
	"server.alerts.alertmanager.urls":          "server: {alerts: {alertmanager: {urls: ['http://127.0.0.1:10']}}}",
	"server.alerts.hold":                       "server: {alerts: {hold: 1s}}",
	"server.alerts.incident.sessions":          "server: {alerts: {incident: {sessions: 7}}}",
	"server.alerts.incident.share":             "server: {alerts: {incident: {share: 0.7}}}",
	"server.alerts.incident.window":            "server: {alerts: {incident: {window: 7s}}}",
	"server.alerts.max_age":                    "server: {alerts: {max_age: 7h}}",
	"server.alerts.queue_max":                  "server: {alerts: {queue_max: 7MB}}",
	"server.alerts.webhooks":                   "server: {alerts: {webhooks: [{name: two, url: 'https://proctors.example.edu/', secret_file: DIR/one.secret}]}}",
	"server.attendance.patience":               "server: {attendance: {patience: 7m}}",
	"server.certificate":                       "server: {certificate: DIR/two.crt, key: DIR/two.key}",
	"server.key":                               "server: {certificate: DIR/two.crt, key: DIR/two.key}",
	"server.data_dir":                          "server: {data_dir: DIR/elsewhere}",
	"server.limits.handshake_rate":             "server: {limits: {handshake_rate: 7}}",
	"server.limits.probe_rate":                 "server: {limits: {probe_rate: 77}}",
	"server.limits.retry_rate":                 "server: {limits: {retry_rate: 7}}",
	"server.limits.sessions":                   "server: {limits: {sessions: 7}}",
	"server.limits.sessions_per_token":         "server: {limits: {sessions_per_token: 7}}",
	"server.limits.total_rate":                 "server: {limits: {total_rate: 7Gbit/s}}",
	"server.limits.train_bytes":                "server: {limits: {train_bytes: 7MB}}",
	"server.limits.train_rate":                 "server: {limits: {train_rate: 7Mbit/s}}",
	"server.listen":                            "server: {listen: '127.0.0.1:7777'}",
	"server.metrics.session_series":            "server: {metrics: {session_series: 7}}",
	"server.public":                            "server: {public: ['other.example.edu:8443']}",
	"server.silence.dropped":                   "server: {silence: {dropped: 7s}}",
	"server.silence.exam_relevant":             "server: {silence: {exam_relevant: 40s}}",
	"server.silence.forget":                    "server: {silence: {forget: 7h}}",
	"server.silence.suspect":                   "server: {silence: {suspect: 2s}}",
}

// inForce is what a server goes by, as its parts have it.
type inForce struct {
	level       string
	profiles    bool
	settings    server.Settings
	certificate string // its serial number
	webhooks    []delivery.Webhook
	push        delivery.Alertmanager
	bounds      [2]int64
	hold        time.Duration
	incident    alert.IncidentRule
	public      []string
}

func (r *running) inForce() inForce {
	o := r.srv.Notifier().Options()
	hello, err := r.certificate.Config().GetCertificate(nil)
	if err != nil {
		panic(err)
	}
	return inForce{r.level.Level().String(), r.profiles.Load(), r.srv.Settings(), hello.Leaf.SerialNumber.String(), o.Webhooks, o.Alertmanager, [2]int64{int64(o.MaxAge), o.QueueMax}, o.Hold, o.Incident, r.srv.Addresses()}
}

// wantedOf is what a server should go by.
func wantedOf(t *testing.T, f config.File) inForce {
	t.Helper()
	settings, err := f.ServerSettings()
	if err != nil {
		t.Fatal(err)
	}
	o, err := f.AlertOptions()
	if err != nil {
		t.Fatal(err)
	}
	serial := ""
	if f.Server.Certificate != "" {
		c, err := server.LoadCertificate(f.Server.Certificate, f.Server.Key, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		serial = c.Leaf.SerialNumber.String()
	}
	return inForce{daemon.Level(f.Log.Level).String(), f.Server.AdminPprof, settings, serial, o.Webhooks, o.Alertmanager, [2]int64{int64(o.MaxAge), o.QueueMax}, o.Hold, o.Incident, f.Server.Public}
}

// Each key is in force after a reload, or named as one that needs a restart.
func TestReloadOfEveryKey(t *testing.T) {
	dir := t.TempDir()
	certify(t, dir, "one")
	certify(t, dir, "two")
	for name, text := range map[string]string{"one.secret": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "web.yaml": "", "database.url": "postgres://me@localhost/examlink\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, "config.yaml")
	set := func(change string) config.File {
		t.Helper()
		text, err := yaml.Marshal(merged(t, strings.ReplaceAll(everyKey, "DIR", dir), strings.ReplaceAll(change, "DIR", dir)))
		if err == nil {
			err = os.WriteFile(file, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		f, _, err := config.Load(file, nil)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	base := set("")
	run, err := open(context.Background(), func() (config.File, config.Source, error) { return config.Load(file, nil) }, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer run.close()
	before := run.inForce()
	if want := wantedOf(t, base); !reflect.DeepEqual(before, want) {
		t.Fatalf("at the start %+v, want %+v", before, want)
	}
	for _, k := range config.Keys() {
		if k.Reload == config.Unused {
			if !strings.HasPrefix(k.Key, "client.") {
				t.Errorf("%s: the server does not use it?", k.Key)
			}
			continue
		}
		change, ok := otherValues[k.Key]
		if !ok {
			t.Errorf("%s: no other value to try", k.Key)
			continue
		}
		want := wantedOf(t, set(change))
		restart, err := run.reload()
		if err != nil {
			t.Errorf("%s: %v", k.Key, err)
			continue
		}
		after := run.inForce()
		switch named := slices.Contains(restart, k.Key); {
		case named != (k.Reload == config.Restart) || len(restart) > 1 && k.Key != "server.acme.hosts": // a server has one certificate
			t.Errorf("%s: the reload says that %q need a restart", k.Key, restart)
		case named && !reflect.DeepEqual(after, before):
			t.Errorf("%s needs a restart, and yet %+v has become %+v", k.Key, before, after)
		case !named && (reflect.DeepEqual(after, before) || !reflect.DeepEqual(after, want)):
			t.Errorf("%s: %+v is in force after the reload, want %+v", k.Key, after, want)
		}
		set("")
		if restart, err := run.reload(); err != nil || len(restart) > 0 || !reflect.DeepEqual(run.inForce(), before) {
			t.Fatalf("%s: not taken back: %q, %v, %+v, want %+v", k.Key, restart, err, run.inForce(), before)
		}
	}
	for key := range otherValues {
		if !slices.ContainsFunc(config.Keys(), func(k config.Change) bool { return k.Key == key }) {
			t.Errorf("%s is no key", key)
		}
	}
}

// merged puts the values of one YAML text over those of another.
func merged(t *testing.T, texts ...string) map[string]any {
	t.Helper()
	out := map[string]any{}
	var over func(into, from map[string]any)
	over = func(into, from map[string]any) {
		for k, v := range from {
			a, isMap := into[k].(map[string]any)
			if b, both := v.(map[string]any); isMap && both {
				a = maps.Clone(a)
				over(a, b)
				v = a
			}
			into[k] = v
		}
	}
	for _, text := range texts {
		var m map[string]any
		if err := yaml.Unmarshal([]byte(text), &m); err != nil {
			t.Fatal(err)
		}
		over(out, m)
	}
	return out
}

// A configuration that is gone, or empty, is most likely an accident: what runs stays.
func TestReloadRefusesAnEmptyConfiguration(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "AppData"} {
		t.Setenv(name, filepath.Join(dir, "home"))
	}
	text := "policy: honorlock\nserver: {listen: '127.0.0.1:0', data_dir: data}\n"
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("config.yaml", text)
	run, err := open(context.Background(), func() (config.File, config.Source, error) { return config.Load("", nil) }, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer run.close()
	refused := func(what, want string) {
		t.Helper()
		if _, err := run.reload(); err == nil || !strings.Contains(err.Error(), want) || run.srv.Settings().Policy.Name != "honorlock" {
			t.Errorf("%s: %v, policy %s, want %q", what, err, run.srv.Settings().Policy.Name, want)
		}
	}
	for what, empty := range map[string]string{"empty": "", "comments": "# policy: honorlock\n", "empty sections": "server:\nlog: {}\n", "spaces": " \n\n"} {
		write("config.yaml", empty)
		refused(what, "configuration config.yaml: the file sets no key any more")
	}
	if err := os.Remove("config.yaml"); err != nil {
		t.Fatal(err)
	}
	refused("gone", "configuration config.yaml: the file is gone")
	elsewhere, err := os.UserConfigDir()
	if err != nil {
		t.Fatal(err)
	}
	write(filepath.Join(elsewhere, "examlink", "config.yaml"), "policy: onvue\n")
	refused("another", "was found instead")
	write("config.yaml", text)
	if restart, err := run.reload(); err != nil || len(restart) > 0 {
		t.Errorf("back again: %q, %v", restart, err)
	}
}
