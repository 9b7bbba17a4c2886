package delivery

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"examlink/server/alert"
)

// Chosen by us.
const (
	// An alert that is not sent again ends by itself after so many times the
	// time between two sendings, as with Prometheus.
	resendLife = 4
	// keepResolved is how long the end of an alert is sent again, as with
	// Prometheus: an Alertmanager that was away hears of it.
	keepResolved = 15 * time.Minute
	perRequest   = 500 // alerts
)

// pushed is an alert as it stands, and what one Alertmanager knows of it.
type pushed struct {
	amAlert
	warnings []string // it stands for; an exam's own incident and the server's are one alert
	session  string
	resolved time.Time // zero: it stands
	changed  bool      // since it was last taken
	version  int
}

// pusher keeps one Alertmanager told of what stands.
type pusher struct {
	url, generator string
	client         *http.Client
	resend         time.Duration
	log            *slog.Logger
	metrics        receiverMetrics
	wake           chan struct{}

	mu     sync.Mutex
	alerts map[string]*pushed // by their labels
}

func newPusher(o Alertmanager, raw string, client *http.Client, log *slog.Logger, m receiverMetrics) *pusher {
	p := &pusher{
		url: strings.TrimSuffix(raw, "/") + "/api/v2/alerts", generator: o.GeneratorURL, client: client, resend: o.Resend,
		log: log, metrics: m, wake: make(chan struct{}, 1), alerts: map[string]*pushed{},
	}
	if p.resend == 0 {
		p.resend = DefaultResend
	}
	return p
}

// take turns a notice into alerts. A graver stage of a silence is an alert of
// its own; the less grave one goes on, for rules to inhibit. No student is named.
func (p *pusher) take(n alert.Notice) {
	p.mu.Lock()
	if n.State == alert.Cleared {
		for _, a := range p.alerts {
			if !a.resolved.IsZero() || !slices.Contains(a.warnings, n.Warning) && (n.Kind != alert.Ended || a.session != n.Session) {
				continue
			}
			if a.warnings = slices.DeleteFunc(a.warnings, func(w string) bool { return w == n.Warning }); n.Kind == alert.Incident && len(a.warnings) > 0 {
				continue
			}
			a.resolved, a.changed = n.At, true
			a.version++
		}
	} else {
		exams := []string{n.Exam}
		if n.Counts != nil { // one for each exam, so that rules can compare the label
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

// raise adds an alert, or brings it up to date. Called locked.
func (p *pusher) raise(n alert.Notice, exam string) {
	labels := map[string]string{
		"alertname": alertName(n), "exam": exam, "session": n.Session, "severity": n.Severity, "audience": "proctor", "direction": n.Direction,
	}
	maps.DeleteFunc(labels, func(_, v string) bool { return v == "" })
	key, _ := json.Marshal(labels) // keys are sorted
	old := p.alerts[string(key)]
	a := &pushed{warnings: []string{n.Warning}, session: n.Session, changed: true, amAlert: amAlert{
		Labels: labels, StartsAt: n.Since, GeneratorURL: p.generator, Annotations: annotations(n),
	}}
	if old != nil {
		a.version = old.version + 1
		if n.Kind == alert.Incident && old.resolved.IsZero() {
			a.warnings = slices.Compact(slices.Sorted(slices.Values(append(a.warnings, old.warnings...))))
		}
	}
	p.alerts[string(key)] = a
}

// waiting counts alerts whose latest state has not been taken.
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

// run pushes until ctx ends: what has changed at once, all that stands now and
// then. What stands when it ends ends by itself, or is pushed by the next run.
func (p *pusher) run(ctx context.Context) {
	defer p.client.CloseIdleConnections()
	retry := newBackOff()
	all := time.NewTicker(p.resend)
	defer all.Stop()
	failing := false
	for everything := false; ; {
		err := p.push(ctx, everything)
		var again <-chan time.Time
		var timer *time.Timer
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			p.metrics.failed.Inc()
			if !failing {
				p.log.Warn("alerts not pushed, trying again", "receiver", AlertmanagerName, "err", err)
			}
			failing = true
			timer = time.NewTimer(retry.NextBackOff())
			again = timer.C
		default:
			failing, everything = false, false
			retry.Reset()
		}
		wake := p.wake
		if failing {
			wake = nil // it is tried when its time has come
		}
		select {
		case <-wake:
		case <-again:
		case <-all.C:
			everything = true
		case <-ctx.Done():
			return
		}
		if timer != nil {
			timer.Stop()
		}
	}
}

// push sends what has changed, or everything.
func (p *pusher) push(ctx context.Context, everything bool) error {
	now := time.Now()
	var body []amAlert
	var of []*pushed
	var versions []int
	p.mu.Lock()
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
		x := a.amAlert
		if x.EndsAt = a.resolved; a.resolved.IsZero() {
			x.EndsAt = now.Add(resendLife * p.resend)
		}
		body, of, versions = append(body, x), append(of, a), append(versions, a.version)
	}
	p.mu.Unlock()
	for len(body) > 0 {
		n := min(len(body), perRequest)
		b, err := json.Marshal(body[:n])
		if err != nil {
			return err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(b))
		if err != nil {
			var e *url.Error
			if errors.As(err, &e) {
				err = e.Err
			}
			return err
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("User-Agent", "examlink-server")
		if f := post(p.client, req, func(int) bool { return false }); f.err != nil {
			return f.err
		}
		p.mu.Lock()
		for i, a := range of[:n] {
			if a.changed && a.version == versions[i] {
				a.changed = false
				p.metrics.sent.Inc()
			}
		}
		p.mu.Unlock()
		body, of, versions = body[n:], of[n:], versions[n:]
	}
	return nil
}
