package delivery

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"examlink/server/alert"
)

// Chosen by us.
const (
	// resendLife is after how many intervals an alert ends if it is not resent, and
	// keepResolved how long the end of an alert is resent, for an Alertmanager that
	// was away. Both are as in Prometheus.
	resendLife   = 4
	keepResolved = 15 * time.Minute
	perRequest   = 500 // alerts
)

// pushed is an alert and how much of it one Alertmanager has.
type pushed struct {
	amAlert
	// warnings are behind it: the incident of an exam and one of the server share an
	// alert, and so do the absent students of an exam.
	warnings []string
	session  string
	resolved time.Time // zero: it is active
	changed  bool      // since Alertmanager last took it
	version  int
}

// pusher keeps one Alertmanager up to date.
type pusher struct {
	loop
	pushSettings // replaced while the loop rests
	url          string
	log          *slog.Logger
	metrics      receiverMetrics
	wake         chan struct{}

	mu     sync.Mutex
	alerts map[string]*pushed // by their labels
	takes  bool               // Alertmanager has accepted the last push
}

// pushSettings are the settings of a pusher that can change.
type pushSettings struct {
	Alertmanager
	client *http.Client
}

func newPusher(o Options, address string, m receiverMetrics) *pusher {
	p := &pusher{url: alertsURL(address), log: o.Log, metrics: m, wake: make(chan struct{}, 1), alerts: map[string]*pushed{}}
	p.run = p.pushAll
	p.configure(o)
	return p
}

// alertsURL is where an Alertmanager takes alerts.
func alertsURL(address string) string { return strings.TrimSuffix(address, "/") + "/api/v2/alerts" }

// configured says whether the pusher has these settings already.
func (p *pusher) configured(a Alertmanager) bool {
	a.URLs = p.URLs // each has a pusher
	return reflect.DeepEqual(p.Alertmanager, a)
}

// configure replaces the settings. Alerts that are active link to the new page, and
// Alertmanager takes them again.
func (p *pusher) configure(o Options) {
	a := o.Alertmanager
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.GeneratorURL != a.GeneratorURL {
		for _, x := range p.alerts {
			x.GeneratorURL, x.changed = a.GeneratorURL, true
			x.version++
		}
	}
	p.pushSettings = pushSettings{a, o.reading(newClient(a.Timeout, o.Dial), p.url)}
}

// update turns a notice into alerts. Each stage of a silence is an alert of its own;
// the earlier ones stay active, for rules to inhibit.
func (p *pusher) update(n alert.Notice) {
	p.mu.Lock()
	if n.State == alert.Cleared {
		for _, a := range p.alerts {
			a.clear(n)
		}
	} else {
		exams := []string{n.Exam}
		if n.Counts != nil { // an alert for each exam, so that rules can compare the label
			exams = n.Counts.Exams
		}
		for _, exam := range exams {
			p.raise(n, exam)
		}
	}
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// clear resolves the alert if the notice clears the last warning behind it, or ends
// its session.
func (a *pushed) clear(n alert.Notice) {
	if !a.resolved.IsZero() || !slices.Contains(a.warnings, n.Warning) && (n.Kind != alert.Ended || a.session != n.Session) {
		return
	}
	a.warnings = slices.DeleteFunc(a.warnings, func(w string) bool { return w == n.Warning })
	if n.Session == "" && len(a.warnings) > 0 {
		return
	}
	a.resolved, a.changed = n.At, true
	a.version++
}

// raise adds an alert or replaces it. Called locked.
func (p *pusher) raise(n alert.Notice, exam string) {
	labels := labelsOf(n, exam)
	b, _ := json.Marshal(labels) // never fails, and sorts the keys
	key := string(b)
	a := &pushed{warnings: []string{n.Warning}, session: n.Session, changed: true, amAlert: amAlert{
		Labels: labels, StartsAt: n.Since, GeneratorURL: p.GeneratorURL, Annotations: p.annotations(n, exam),
	}}
	if old := p.alerts[key]; old != nil {
		a.version = old.version + 1
		if n.Session == "" && old.resolved.IsZero() {
			a.warnings = slices.Compact(slices.Sorted(slices.Values(append(a.warnings, old.warnings...))))
		}
	}
	p.alerts[key] = a
}

// waiting counts the alerts that have changed since Alertmanager took them.
func (p *pusher) waiting() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range p.alerts {
		if a.changed {
			n++
		}
	}
	return n
}

// pushAll pushes until ctx ends: changes at once, all alerts, or the news that there is
// none, first and then in intervals. Alerts that are active when it ends expire, or the
// next run pushes them.
func (p *pusher) pushAll(ctx context.Context) {
	defer p.client.CloseIdleConnections()
	backOff := newBackOff()
	all := time.NewTicker(p.Resend)
	defer all.Stop()
	failing := false
	for everything := true; ; {
		err := p.push(ctx, everything)
		wake := p.wake
		var retry <-chan time.Time
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			p.metrics.failed.Inc()
			if !failing {
				p.log.Warn("alerts not pushed, will retry", "receiver", AlertmanagerName, "err", err)
			}
			failing = true
			wake = nil // a change does not shorten the pause
			retry = time.After(backOff.NextBackOff())
		default:
			failing, everything = false, false
			backOff.Reset()
		}
		select {
		case <-wake:
		case <-retry:
		case <-all.C:
			everything = true
		case <-ctx.Done():
			return
		}
	}
}

// sending is an alert as it is sent, and its version then.
type sending struct {
	alert   amAlert
	of      *pushed
	version int
}

// reachable reports whether Alertmanager has accepted the last push.
func (p *pusher) reachable() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.takes
}

// push sends the alerts that have changed, or all of them. A push of all without any
// alert asks whether Alertmanager is there.
func (p *pusher) push(ctx context.Context, everything bool) error {
	due := p.due(time.Now(), everything)
	if len(due) == 0 && everything {
		return p.send(ctx, nil)
	}
	for chunk := range slices.Chunk(due, perRequest) {
		if err := p.send(ctx, chunk); err != nil {
			return err
		}
		p.taken(chunk)
	}
	return nil
}

// due drops the alerts that ended long ago and returns those to send.
func (p *pusher) due(now time.Time, everything bool) (out []sending) {
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.alerts, func(_ string, a *pushed) bool {
		old := !a.resolved.IsZero() && now.Sub(a.resolved) > keepResolved
		if old && a.changed {
			p.metrics.undelivered.Inc()
		}
		return old
	})
	for _, key := range slices.Sorted(maps.Keys(p.alerts)) {
		a := p.alerts[key]
		if !a.changed && !everything {
			continue
		}
		x := sending{a.amAlert, a, a.version}
		if x.alert.EndsAt = a.resolved; a.resolved.IsZero() {
			x.alert.EndsAt = now.Add(resendLife * p.Resend)
		}
		out = append(out, x)
	}
	return out
}

// send sends alerts in one request.
func (p *pusher) send(ctx context.Context, list []sending) error {
	alerts := make([]amAlert, len(list))
	for i, x := range list {
		alerts[i] = x.alert
	}
	body, err := json.Marshal(alerts)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return withoutURL(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "examlink-server")
	if p.Username != "" {
		req.SetBasicAuth(p.Username, p.Password)
	}
	err = post(p.client, req, func(int) bool { return false }).err
	p.mu.Lock()
	defer p.mu.Unlock()
	p.takes = err == nil
	return err
}

// taken notes that Alertmanager has taken alerts, as far as they have not changed
// since.
func (p *pusher) taken(list []sending) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, x := range list {
		if x.of.changed && x.of.version == x.version {
			x.of.changed = false
			p.metrics.sent.Inc()
		}
	}
}
