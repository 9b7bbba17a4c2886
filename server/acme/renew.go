package acme

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	protocol "github.com/mholt/acmez/v3/acme"

	"examlink/server/durable"
)

// Chosen by us.
const (
	look    = time.Minute     // between looks into the store for what other servers renewed
	glance  = 5 * time.Second // the same while another one orders
	askAge  = 6 * time.Hour   // of the authority's advice, unless it says how long to keep it
	askSoon = time.Minute     // the least such time
)

// step does what is due and returns how long to wait for the next one.
func (m *Manager) step(ctx context.Context) time.Duration {
	unread := m.Load(ctx)
	m.ask(ctx)
	if wait := time.Until(m.Due()); wait > 0 {
		return min(wait, look)
	}
	if unread != nil {
		m.failed(ctx, fmt.Errorf("store: %w", unread))
		return look
	}
	t, version, wait, err := m.ledger.take(ctx, m.attempts == 0)
	switch {
	case errors.Is(err, errOthersTurn):
		return glance
	case err != nil:
		m.failed(ctx, fmt.Errorf("store: %w", err))
		return look
	case wait > 0:
		return min(wait, look)
	}
	m.attempts++
	err = m.renew(ctx, t.Failures == 0)
	if err == nil || ctx.Err() == nil { // a server that stops has not failed
		t = t.after(err, time.Now())
	}
	if e := m.ledger.leave(ctx, t, version); e != nil {
		err = errors.Join(err, fmt.Errorf("store: %w", e))
	}
	if err != nil {
		m.failed(ctx, err)
	}
	return glance
}

// renew orders a certificate and puts it in force, unless another server has renewed it.
// With replace it tells the authority which certificate is replaced.
func (m *Manager) renew(ctx context.Context, replace bool) error {
	if err := m.Load(ctx); err != nil {
		return err
	}
	if time.Until(m.Due()) > 0 {
		return nil
	}
	ordering, cancel := context.WithTimeout(ctx, orderTimeout)
	defer cancel()
	var replaces *x509.Certificate
	m.mu.Lock()
	version := m.version
	if m.inForce != nil && replace && m.advice != nil { // an authority that advises knows replacements
		replaces = m.inForce.Leaf
	}
	m.mu.Unlock()
	c, err := m.order(ordering, replaces)
	if err != nil {
		m.orders.WithLabelValues(outcomeFailed).Inc()
		return err
	}
	m.orders.WithLabelValues(outcomeIssued).Inc()
	m.mu.Lock()
	m.ordered = time.Now()
	m.mu.Unlock()
	next, err := m.shelf.put(ctx, m.name("certificate", m.id), c, version)
	if err != nil {
		err = fmt.Errorf("keep the certificate: %w", err)
		next = version
	}
	return errors.Join(err, m.use(c, next))
}

// Load puts the stored certificate in force if it is another one than that in force. It
// is no error if there is none.
func (m *Manager) Load(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	var c certificate
	version, err := m.shelf.get(ctx, m.name("certificate", m.id), &c)
	if err != nil {
		return err
	}
	m.mu.Lock()
	same := version == m.version
	m.version = version
	m.mu.Unlock()
	if same || version == 0 { // one that the store has lost stays in force
		return nil
	}
	return m.use(c, version)
}

// Start puts in force what there is before anything is ordered: the stored certificate,
// or else the one in File until there is another, as after a change of the hosts.
func (m *Manager) Start(ctx context.Context) error {
	err := m.Load(ctx)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.inForce != nil || m.o.File == "" {
		return err
	}
	pair, e := tls.LoadX509KeyPair(m.o.File, m.o.File)
	if e == nil && time.Now().Before(pair.Leaf.NotAfter) {
		m.interim = pair.Leaf
		m.o.Use(pair)
		m.o.Log.Warn("an earlier certificate is in force until there is one for all hosts", "for", pair.Leaf.DNSNames, "hosts", m.o.Hosts)
	}
	return err
}

// use puts a certificate in force.
func (m *Manager) use(c certificate, version uint64) error {
	pair, err := c.pair()
	if err != nil {
		return fmt.Errorf("certificate: %w", err)
	}
	m.mu.Lock()
	m.inForce, m.version, m.advice, m.askAt, m.problem = &pair, version, nil, time.Time{}, nil
	m.mu.Unlock()
	m.o.Use(pair)
	m.o.Log.Info("certificate in force", "hosts", pair.Leaf.DNSNames, "issuer", pair.Leaf.Issuer.String(), "until", pair.Leaf.NotAfter.Format(time.RFC3339))
	if m.o.File == "" {
		return nil
	}
	return durable.WriteFile(m.o.File, slices.Concat(c.Chain, c.Key))
}

// ask asks the authority when to renew the certificate (RFC 9773). Without an answer the
// advice that it gave before is kept.
func (m *Manager) ask(ctx context.Context) {
	m.mu.Lock()
	c, old := m.inForce, time.Until(m.askAt) <= 0
	m.mu.Unlock()
	if c == nil || !old {
		return
	}
	asking, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	client, end := m.client()
	defer end()
	info, err := client.GetRenewalInfo(asking, c.Leaf)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.inForce != c {
		return
	}
	m.askAt = time.Now().Add(askAge)
	if err != nil {
		m.o.Log.Debug("no advice on renewal", "err", err)
		return
	}
	if info.RetryAfter != nil {
		m.askAt = time.Now().Add(min(max(time.Until(*info.RetryAfter), askSoon), askAge))
	}
	if m.advice == nil || !m.advice.SameWindow(info) {
		m.advice = &info
	}
}

// Due returns when the certificate is to be renewed; without one, since when it is
// missing.
func (m *Manager) Due() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.inForce == nil {
		return m.began
	}
	return due(m.inForce.Leaf, m.advice, m.ordered)
}

// due is when to renew a certificate: when the authority advises, or when a third of its
// life is left. Advice to renew after the end is none, and advice to renew what was just
// ordered waits: an authority that goes on so would otherwise be asked without end.
func due(c *x509.Certificate, advice *protocol.RenewalInfo, ordered time.Time) time.Time {
	third := c.NotAfter.Add(-c.NotAfter.Sub(c.NotBefore) / 3)
	if advice == nil || !advice.SelectedTime.Before(c.NotAfter) {
		return third
	}
	if rest := ordered.Add(longestWait); advice.SelectedTime.Before(rest) && rest.Before(third) {
		return rest
	}
	return advice.SelectedTime
}

// failed logs and remembers why there is no new certificate.
func (m *Manager) failed(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return // because the server stops
	}
	m.mu.Lock()
	m.problem = err
	c := m.inForce
	defer m.mu.Unlock()
	if c == nil {
		m.o.Log.Error(m.missing(), "hosts", m.o.Hosts, "directory", m.o.Directory, "err", err)
		return
	}
	m.o.Log.Error("certificate not renewed", "hosts", m.o.Hosts, "directory", m.o.Directory, "until", c.Leaf.NotAfter.Format(time.RFC3339), "err", err)
}

// missing says what it means that there is no certificate for the hosts. Called locked.
func (m *Manager) missing() string {
	if m.interim != nil && time.Now().Before(m.interim.NotAfter) {
		return "no certificate by ACME for all hosts: students can connect only to those of the earlier one"
	}
	return "no certificate by ACME: students cannot connect"
}

// Trouble says in one line what is wrong with the certificate; empty: nothing.
func (m *Manager) Trouble() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch c := m.inForce; {
	case c == nil:
		return m.missing()
	case time.Now().After(c.Leaf.NotAfter):
		return "the certificate has expired and could not be renewed: students cannot connect"
	case m.problem != nil:
		return fmt.Sprintf("cannot renew the certificate, which expires on %s", c.Leaf.NotAfter.Format(time.DateOnly))
	}
	return ""
}
