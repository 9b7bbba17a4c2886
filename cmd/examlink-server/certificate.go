package main

import (
	"crypto/tls"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// certificate is the one in force. Connections keep the one they began with.
type certificate struct {
	p atomic.Pointer[tls.Certificate]
}

func newCertificate(c tls.Certificate) *certificate {
	out := new(certificate)
	out.p.Store(&c)
	return out
}

// config is for a server that serves with it.
func (c *certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS13,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.p.Load(), nil },
	}
}

// expiry shows when it ends.
func (c *certificate) expiry() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "examlink", Subsystem: "server", Name: "certificate_expiry_timestamp_seconds", Help: "When the certificate presented to clients expires.",
	}, func() float64 { return float64(c.p.Load().Leaf.NotAfter.Unix()) })
}
