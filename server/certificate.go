package server

import (
	"crypto/tls"
	"errors"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// errNoCertificate is what clients are told while there is no certificate.
var errNoCertificate = errors.New("no certificate yet")

// Certificate holds the certificate in force. Open connections keep the one
// they started with. It is safe for concurrent use. The zero value holds none yet: no
// handshake succeeds.
type Certificate struct {
	p atomic.Pointer[tls.Certificate]
}

// NewCertificate puts a certificate in force.
func NewCertificate(c tls.Certificate) *Certificate {
	out := new(Certificate)
	out.p.Store(&c)
	return out
}

// Replace puts another certificate in force.
func (c *Certificate) Replace(next tls.Certificate) { c.p.Store(&next) }

// NotAfter returns the expiry time of the certificate in force; false: there is none.
func (c *Certificate) NotAfter() (time.Time, bool) {
	if now := c.p.Load(); now != nil {
		return now.Leaf.NotAfter, true
	}
	return time.Time{}, false
}

// Until returns the expiry date of the certificate in force for people.
func (c *Certificate) Until() string {
	if at, ok := c.NotAfter(); ok {
		return at.Format(time.DateOnly)
	}
	return "none yet"
}

// Config returns a TLS configuration that serves the certificate in force.
func (c *Certificate) Config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			if now := c.p.Load(); now != nil {
				return now, nil
			}
			return nil, errNoCertificate
		},
	}
}

var expiryDesc = prometheus.NewDesc("examlink_server_certificate_expiry_timestamp_seconds", "When the certificate presented to clients expires.", nil, nil)

// expiry exports the expiry time of the certificate in force.
type expiry struct{ *Certificate }

// Describe implements prometheus.Collector.
func (e expiry) Describe(ch chan<- *prometheus.Desc) { ch <- expiryDesc }

// Collect implements prometheus.Collector.
func (e expiry) Collect(ch chan<- prometheus.Metric) {
	if at, ok := e.NotAfter(); ok {
		ch <- prometheus.MustNewConstMetric(expiryDesc, prometheus.GaugeValue, float64(at.Unix()))
	}
}
