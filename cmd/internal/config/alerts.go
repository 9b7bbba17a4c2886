package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"examlink/server/delivery"
)

// Alerts configures how proctors are alerted. AlertOptions completes the options
// of the engine.
type Alerts struct {
	delivery.Options `mapstructure:",squash"`
	Webhooks         []Webhook    `mapstructure:"webhooks" doc:"Webhooks, signed according to the Standard Webhooks specification; see docs/webhooks.md."`
	Alertmanager     Alertmanager `mapstructure:"alertmanager" doc:"Alerts pushed to Alertmanager through version 2 of its API. They name no student."`
}

// Alertmanager replaces the engine's section and adds a key.
type Alertmanager struct {
	delivery.Alertmanager `mapstructure:",squash"`
	PasswordFile          string `mapstructure:"password_file" doc:"A file with the password of username."`
}

// Webhook is one receiver of alerts.
type Webhook struct {
	delivery.Webhook `mapstructure:",squash"`
	URLFile          string `mapstructure:"url_file" doc:"A file with the URL, instead of url, where the URL holds a secret."`
	SecretFile       string `mapstructure:"secret_file" example:"/etc/examlink/proctors.secret" doc:"A file with the signing secret: whsec_ and 24 to 64 random bytes in base64, as from\n  echo whsec_$(openssl rand -base64 32)"`
}

// alertsDir is the directory of the queues, within the data directory.
const alertsDir = "alerts"

// AlertOptions returns the options of the server's alerts. It reads the secret
// files.
func (f File) AlertOptions() (delivery.Options, error) {
	p, err := f.SelectedPolicy()
	if err != nil {
		return delivery.Options{}, err
	}
	o := f.Server.Alerts.Options
	o.Dir, o.Forget = filepath.Join(f.Server.DataDir, alertsDir), f.Server.Silence.Forget
	o.MinimumUp, o.MinimumDown = float64(p.Minimum.Upload), float64(p.Minimum.Download)
	if o.Hold == 0 {
		o.Hold = -1 // none; the zero value would select the default
	}
	o.Alertmanager = f.Server.Alerts.Alertmanager.Alertmanager
	if err := readSecret(&o.Alertmanager.Password, f.Server.Alerts.Alertmanager.PasswordFile); err != nil {
		return o, fmt.Errorf("alertmanager: password_file: %w", err)
	}
	for _, w := range f.Server.Alerts.Webhooks {
		h := w.Webhook
		if err := readSecret(&h.URL, w.URLFile); err != nil {
			return o, fmt.Errorf("webhook %s: url_file: %w", w.Name, err)
		}
		if err := readSecret(&h.Secret, w.SecretFile); err != nil {
			return o, fmt.Errorf("webhook %s: secret_file: %w", w.Name, err)
		}
		o.Webhooks = append(o.Webhooks, h)
	}
	return o, nil
}

// readSecret replaces a value by what is in a file, without white space around it, if a
// file is named.
func readSecret(value *string, file string) error {
	if file == "" {
		return nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if *value = strings.TrimSpace(string(b)); *value == "" {
		return fmt.Errorf("%s: empty", file)
	}
	return nil
}
