package server

import (
	"crypto/ed25519"
	"time"

	"examlink/server/signin"
)

// BoardOptions configures the proctors' board.
type BoardOptions struct {
	// Provider is where proctors sign in; nil: by links only.
	Provider *signin.Provider
	// Life is how long somebody who came from the provider stays signed in; 0:
	// signin.DefaultLife.
	Life time.Duration
}

// newGate makes what signs proctors in.
func (s *Server) newGate(o BoardOptions) (*signin.Gate, error) {
	return signin.New(signin.Options{
		Store: s.o.Store.SignIns(), Audit: s.o.Store.Audit(), Secret: s.o.Secret, Provider: o.Provider, Life: o.Life, Now: s.o.Clock.Wall, Log: s.o.Log,
		LinkKeys: func() []ed25519.PublicKey { return s.settings.Load().TokenKeys },
	})
}
