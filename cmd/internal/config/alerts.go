package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"examlink/server/alert"
	"examlink/server/delivery"
)

// Alerts configures the notices to proctors.
type Alerts struct {
	Hold         time.Duration `mapstructure:"hold"`
	Incident     Incident      `mapstructure:"incident"`
	MaxAge       time.Duration `mapstructure:"max_age"`
	QueueMax     Bytes         `mapstructure:"queue_max"`
	Webhooks     []Webhook     `mapstructure:"webhooks"`
	Alertmanager Alertmanager  `mapstructure:"alertmanager"`
}

// Incident says when many sessions in the same condition are an incident on our side.
type Incident struct {
	Sessions int           `mapstructure:"sessions"`
	Share    float64       `mapstructure:"share"`
	Window   time.Duration `mapstructure:"window"`
}

// Webhook is one receiver of warnings.
type Webhook struct {
	Name       string        `mapstructure:"name"`
	URL        string        `mapstructure:"url"`
	Secret     string        `mapstructure:"secret"`
	SecretFile string        `mapstructure:"secret_file"`
	Exams      []string      `mapstructure:"exams"`
	Kinds      []string      `mapstructure:"kinds"`
	Timeout    time.Duration `mapstructure:"timeout"`
}

// Alertmanager says where alerts are pushed to.
type Alertmanager struct {
	URLs         []string      `mapstructure:"urls"`
	Resend       time.Duration `mapstructure:"resend"`
	Timeout      time.Duration `mapstructure:"timeout"`
	GeneratorURL string        `mapstructure:"generator_url"`
}

func defaultAlerts() Alerts {
	i := alert.DefaultIncident()
	return Alerts{
		Hold: alert.DefaultHold, Incident: Incident{i.Sessions, i.Share, i.Window}, MaxAge: delivery.DefaultMaxAge, QueueMax: delivery.DefaultQueueMax,
		Webhooks: []Webhook{}, Alertmanager: Alertmanager{URLs: []string{}, Resend: delivery.DefaultResend, Timeout: delivery.DefaultTimeout},
	}
}

// fill gives the items of lists, which have no defaults to be read over, theirs.
func (a *Alerts) fill() {
	for i := range a.Webhooks {
		w := &a.Webhooks[i]
		if w.Timeout == 0 {
			w.Timeout = delivery.DefaultTimeout
		}
		if w.Exams == nil {
			w.Exams = []string{}
		}
		if w.Kinds == nil {
			w.Kinds = []string{}
		}
	}
}

// withoutSecrets is a copy to be shown.
func (a Alerts) withoutSecrets() Alerts {
	a.Webhooks = slices.Clone(a.Webhooks)
	for i := range a.Webhooks {
		a.Webhooks[i].Secret = ""
	}
	return a
}

// check says what makes no sense.
func (a Alerts) check() (out []problem) {
	bad := func(key, format string, args ...any) {
		out = append(out, problem{"server.alerts." + key, fmt.Sprintf(format, args...)})
	}
	between := func(key string, got, low, high time.Duration) {
		if got < low || got > high {
			bad(key, "%v, expected %v to %v", got, low, high)
		}
	}
	between("hold", a.Hold, 0, 10*time.Second)
	if a.Incident.Sessions < 2 || a.Incident.Sessions > maxCount {
		bad("incident.sessions", "%d, expected 2 to %d", a.Incident.Sessions, maxCount)
	}
	if !(a.Incident.Share > 0 && a.Incident.Share <= 1) {
		bad("incident.share", "%v, expected above 0 and at most 1", a.Incident.Share)
	}
	between("incident.window", a.Incident.Window, time.Second, 10*time.Minute)
	between("max_age", a.MaxAge, time.Minute, 30*24*time.Hour)
	if a.QueueMax < 100e3 {
		bad("queue_max", "%v, expected 100kB or more", a.QueueMax)
	}
	names := map[string]bool{}
	for i, w := range a.Webhooks {
		at := fmt.Sprintf("webhooks[%d].", i)
		if !delivery.ReceiverName.MatchString(w.Name) || w.Name == delivery.AlertmanagerName || names[w.Name] {
			bad(at+"name", "%q, expected a name of its own, of small letters, digits and hyphens", w.Name)
		}
		names[w.Name] = true
		if err := delivery.CheckURL(w.URL); err != nil {
			bad(at+"url", "%v", err)
		}
		switch {
		case (w.Secret == "") == (w.SecretFile == ""):
			bad(at+"secret", "expected either this or secret_file")
		case w.Secret != "":
			if err := delivery.CheckSecret(w.Secret); err != nil {
				bad(at+"secret", "%v", err)
			}
		}
		for _, k := range w.Kinds {
			if !slices.Contains(alert.Kinds(), alert.Kind(k)) {
				bad(at+"kinds", "%q, expected some of %q", k, alert.Kinds())
			}
		}
		between(at+"timeout", w.Timeout, 100*time.Millisecond, time.Minute)
	}
	m := a.Alertmanager
	for i, u := range m.URLs {
		if err := delivery.CheckAlertmanagerURL(u); err != nil {
			bad(fmt.Sprintf("alertmanager.urls[%d]", i), "%v", err)
		}
	}
	between("alertmanager.resend", m.Resend, time.Second, time.Hour)
	between("alertmanager.timeout", m.Timeout, 100*time.Millisecond, time.Minute)
	if m.GeneratorURL != "" {
		if err := delivery.CheckAlertmanagerURL(m.GeneratorURL); err != nil {
			bad("alertmanager.generator_url", "%v", err)
		}
	}
	return out
}

// alertsDir is where in the data directory queues are kept.
const alertsDir = "alerts"

// AlertOptions are the options of the server's alerts. It reads the files that
// secrets are in.
func (f File) AlertOptions() (delivery.Options, error) {
	p, err := f.SelectedPolicy()
	if err != nil {
		return delivery.Options{}, err
	}
	a := f.Server.Alerts
	o := delivery.Options{
		Dir:       filepath.Join(f.Server.DataDir, alertsDir),
		MinimumUp: float64(p.Minimum.Upload), MinimumDown: float64(p.Minimum.Download),
		Hold: a.Hold, Incident: alert.IncidentRule{Sessions: a.Incident.Sessions, Share: a.Incident.Share, Window: a.Incident.Window},
		MaxAge: a.MaxAge, QueueMax: int64(a.QueueMax), Forget: f.Server.Silence.Forget,
		Alertmanager: delivery.Alertmanager{
			URLs: a.Alertmanager.URLs, Resend: a.Alertmanager.Resend, Timeout: a.Alertmanager.Timeout, GeneratorURL: a.Alertmanager.GeneratorURL,
		},
	}
	if o.Hold == 0 {
		o.Hold = -1 // not at all; the zero value is the default
	}
	for _, w := range a.Webhooks {
		h := delivery.Webhook{Name: w.Name, URL: w.URL, Secret: w.Secret, Exams: w.Exams, Timeout: w.Timeout}
		for _, k := range w.Kinds {
			h.Kinds = append(h.Kinds, alert.Kind(k))
		}
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
