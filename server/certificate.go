package server

import (
	"crypto/tls"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Certificate is the one in force. Connections keep the one they began with. It
// is safe for concurrent use.
type Certificate struct {
	p atomic.Pointer[tls.Certificate]
}

// NewCertificate puts a certificate in force.
func NewCertificate(c tls.Certificate) *Certificate {
	out := new(Certificate)
	out.p.Store(&c)
	return out
}

// Replace puts another one in force.
func (c *Certificate) Replace(next tls.Certificate) { c.p.Store(&next) }

// NotAfter is when the one in force ends.
func (c *Certificate) NotAfter() time.Time { return c.p.Load().Leaf.NotAfter }

// Config is for a server that serves with it.
func (c *Certificate) Config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS13,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.p.Load(), nil },
	}
}

// expiry shows when it ends.
func (c *Certificate) expiry() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "examlink", Subsystem: "server", Name: "certificate_expiry_timestamp_seconds", Help: "When the certificate presented to clients expires.",
	}, func() float64 { return float64(c.NotAfter().Unix()) })
}
