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
	Webhooks         []Webhook `mapstructure:"webhooks" doc:"Webhooks, signed according to the Standard Webhooks specification; see docs/webhooks.md."`
}

// Webhook is one receiver of alerts.
type Webhook struct {
	delivery.Webhook `mapstructure:",squash"`
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
	for _, w := range f.Server.Alerts.Webhooks {
		h := w.Webhook
		if w.SecretFile != "" {
			b, err := os.ReadFile(w.SecretFile)
			if err != nil {
				return o, fmt.Errorf("webhook %s: secret_file: %w", w.Name, err)
			}
			h.Secret = strings.TrimSpace(string(b))
		}
		o.Webhooks = append(o.Webhooks, h)
	}
	return o, nil
}
