package server

import (
	"context"

	"examlink/server/acme"
	"examlink/server/session"
)

// newACME makes what orders the certificate; nil: it is configured.
func (s *Server) newACME() (*acme.Manager, error) {
	if s.o.ACME == nil {
		return nil, nil
	}
	o := *s.o.ACME
	o.Alone = s.o.Cluster == ""
	o.Values, o.Seal, o.Use, o.Log = s.o.Store.Values(), session.Derive(s.o.Secret, "acme"), s.o.Certificate.Replace, s.o.Log
	return acme.New(o)
}

// loadCertificate puts in force the certificate that was ordered before, so that the
// server needs no authority to start.
func (s *Server) loadCertificate(ctx context.Context) {
	if s.acme == nil {
		return
	}
	if err := s.acme.Start(ctx); err != nil {
		s.o.Log.Error("stored certificate not read", "err", err)
	}
}
