package server

import (
	"crypto/tls"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Certificate holds the certificate in force. Open connections keep the one
// they started with. It is safe for concurrent use.
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

// NotAfter returns the expiry time of the certificate in force.
func (c *Certificate) NotAfter() time.Time { return c.p.Load().Leaf.NotAfter }

// Config returns a TLS configuration that serves the certificate in force.
func (c *Certificate) Config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS13,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.p.Load(), nil },
	}
}

// expiry exports the expiry time of the certificate in force.
func (c *Certificate) expiry() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "examlink", Subsystem: "server", Name: "certificate_expiry_timestamp_seconds", Help: "When the certificate presented to clients expires.",
	}, func() float64 { return float64(c.NotAfter().Unix()) })
}
