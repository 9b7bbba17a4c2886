package server

import (
	"crypto/ed25519"
	"crypto/tls"
	"examlink/probe/clock"
	"examlink/probe/verdict"
	"examlink/server/acme"
	"examlink/server/delivery"
	"examlink/server/exam"
	"examlink/server/media"
	"examlink/server/page"
	"examlink/server/store"
	"log/slog"
	"net"
	"net/http"
)

// Options configures a server. New checks it.
type Options struct {
	// Conn is the UDP socket, or a simulated one. The server does not close it.
	Conn net.PacketConn
	// TCP, if set, is a listener on the same port. It serves WebSockets, for
	// clients whose UDP is blocked, and Handlers. Run closes it.
	TCP net.Listener
	// Handlers are served on TCP beside WebSockets, keyed by net/http pattern. The
	// listener sets no deadline for their responses: each handler sets its own.
	Handlers map[string]http.Handler
	// Page, if set, adds the students' check page to what TCP serves.
	Page *page.Options
	// Board, if set, adds the proctors' board and its sign-in to what TCP serves.
	Board *BoardOptions
	// Certificate is presented to clients; TLS, if set, overrides it.
	Certificate *Certificate
	TLS         *tls.Config
	// ACME, if set, has the certificate ordered and renewed by ACME, in place of
	// Certificate and TLS. Values, Seal, Alone, Use and Log of it are set by New.
	ACME *acme.Options
	// TokenKey verifies join tokens, and so do TokenKeys.
	TokenKey  ed25519.PublicKey
	TokenKeys []ed25519.PublicKey
	// Issuer, if set, issues join tokens.
	Issuer *exam.Issuer
	// Sign signs the receipts of checks; nil: none are issued.
	Sign ed25519.PrivateKey
	// Secret, kept across restarts, authenticates resume tickets and stateless
	// resets.
	Secret [32]byte
	// Clock is the host's clock unless set.
	Clock clock.Clock
	// NewWaiter makes the waiters that pace trains; clock.NewWaiter unless set.
	NewWaiter func(clock.Clock) (clock.Waiter, error)
	// Limits, Silence, Attendance, Rehearsal, Policy, SessionSeries, Policies and Retention
	// are the initial Settings.
	Limits        Limits
	Silence       Silence
	Attendance    Attendance
	Rehearsal     media.Limits
	Policy        verdict.Policy
	SessionSeries int
	Retention     store.Retention
	Policies      []verdict.Policy
	// Notify, if set, configures alert delivery. Its minimum rates are replaced by
	// those of Policy.
	Notify *delivery.Options
	// Store keeps receipts, the live sessions and the queues of alerts; nil keeps them in
	// memory. The server does not close it.
	Store store.Store
	// Cluster is this server's name among those that share Store; empty: there are no
	// others.
	Cluster string
	Log     *slog.Logger
	Version string
}
