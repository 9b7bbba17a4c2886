// Package server is the measuring server: it admits students' sessions,
// reflects their probes, runs trains with them, and detects silent sessions
// with its own timers.
//
// It does not trust clients: client reports and the server's own measurements
// are kept apart.
package server

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"examlink/probe/clock"
	"examlink/probe/link"
	"examlink/probe/verdict"
	"examlink/server/acme"
	"examlink/server/api"
	"examlink/server/auth"
	"examlink/server/board"
	"examlink/server/cluster"
	"examlink/server/delivery"
	"examlink/server/event"
	"examlink/server/exam"
	"examlink/server/media"
	"examlink/server/page"
	"examlink/server/reflect"
	"examlink/server/session"
	"examlink/server/signin"
	"examlink/server/store"
	"examlink/server/store/memory"
	"examlink/server/trains"
	"examlink/server/watchpage"
)

// Types of package session that configure and describe sessions.
type (
	Limits  = session.Limits
	Silence = session.Silence
	// SessionInfo is a snapshot of a session.
	SessionInfo = session.Info
)

// DefaultLimits returns the limits of a server that configures none.
func DefaultLimits() Limits { return session.DefaultLimits() }

// DefaultSilence returns the silence thresholds of a server that configures
// none.
func DefaultSilence() Silence { return session.DefaultSilence() }

// Server measures with students and publishes what it observes as events.
type Server struct {
	o        Options
	settings atomic.Pointer[Settings]
	events   *event.Bus
	sessions *session.Registry
	exams    *exam.Manager
	page     *page.Handler      // nil: no check page
	watch    *watchpage.Handler // beside it

	gate        *signin.Gate // nil: no board
	board       *board.Board
	boardPage   map[string]http.Handler // its files
	media       *media.Receiver
	pageWatches *pageWatches
	revoked     *revocations
	students    *examStudents
	attendance  *attendance
	flows       *reflect.Table
	trains      *trains.Manager
	judgings    judgings
	handshakes  *handshakes
	metrics     *metrics
	clocks      *peerClocks
	writes      *delivery.Writes // of the live sessions
	receipts    *receiptKeeper
	erased      *erasures
	live        atomic.Pointer[liveSessions] // nil before Run
	notifier    *delivery.Notifier           // nil: notifications are off
	cluster     *cluster.Cluster             // nil: no others share the store
	acme        *acme.Manager                // nil: the certificate is configured
	ready       atomic.Bool
	closing     atomic.Bool
	draining    atomic.Bool // the other servers take its sessions

	pages      atomic.Pointer[link.WebTransports] // nil before Run
	webSockets atomic.Pointer[link.WebSockets]    // nil before Run, and without TCP
}

// New checks the options and prepares a server.
func New(o Options) (*Server, error) {
	settings, err := Settings{Limits: o.Limits, Silence: o.Silence, Policy: o.Policy, SessionSeries: o.SessionSeries, Policies: o.Policies, Retention: o.Retention, Attendance: o.Attendance, Rehearsal: o.Rehearsal, Issuer: o.Issuer}.complete()
	if err != nil {
		return nil, err
	}
	if o.ACME != nil {
		o.Certificate, o.TLS = new(Certificate), nil
	}
	if o.TLS == nil && o.Certificate != nil {
		o.TLS = o.Certificate.Config()
	}
	switch {
	case o.Conn == nil:
		return nil, errors.New("server: no socket")
	case o.TLS == nil || len(o.TLS.Certificates) == 0 && o.TLS.GetCertificate == nil:
		return nil, errors.New("server: no certificate")
	case len(o.TokenKey) != ed25519.PublicKeySize:
		return nil, errors.New("server: no key for join tokens")
	}
	settings.TokenKeys = append([]ed25519.PublicKey{o.TokenKey}, o.TokenKeys...)
	if o.Clock == nil {
		o.Clock = clock.NewSystem()
	}
	if o.NewWaiter == nil {
		o.NewWaiter = clock.NewWaiter
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	var checkPage *page.Handler
	var watchPage *watchpage.Handler
	if o.Page != nil {
		if checkPage, err = page.New(*o.Page); err != nil {
			return nil, err
		}
		if watchPage, err = watchpage.New(o.Page.Certificate); err != nil {
			return nil, err
		}
	}
	o.Store = cmp.Or[store.Store](o.Store, memory.New())
	s := &Server{
		o: o, page: checkPage, watch: watchPage, events: event.NewBus(0), metrics: newMetrics(), clocks: newPeerClocks(o.Log), flows: reflect.NewTable(o.Clock),
		writes: delivery.NewWrites(delivery.PartSessions),
	}
	if s.acme, err = s.newACME(); err != nil {
		return nil, err
	}
	s.board = board.New(exam.NewID(), settings.Policy, o.Clock.Wall, 0)
	s.erased = newErasures(o.Clock.Now)
	s.receipts = newReceiptKeeper(o.Store.Receipts(), s.erased, delivery.NewWrites(delivery.PartReceipts), o.Log)
	s.settings.Store(&settings)
	s.handshakes = newHandshakes(s.limits)
	s.media = media.New(func() media.Limits { return s.settings.Load().Rehearsal })
	s.sessions = session.NewRegistry(session.Options{
		Clock: o.Clock, Secret: o.Secret, Limits: s.limits, Silence: func() Silence { return s.settings.Load().Silence },
		Policy:  func(name string) verdict.Policy { return s.settings.Load().policy(name) },
		Publish: s.events.Publish, Forgotten: s.forgotten, Elsewhere: s.continues,
	})
	s.pageWatches = newPageWatches()
	s.revoked = newRevocations(o.Store.Tokens(), o.Log)
	s.exams = exam.NewManager(exam.ManagerOptions{
		Store: o.Store, Now: o.Clock.Wall, Policies: s.policies, Issuer: s.issuer, Revoked: s.endRevoked, Settle: s.settleStudent,
	})
	s.students = &examStudents{exams: s.exams, now: o.Clock.Wall, log: o.Log}
	s.trains = trains.NewManager(trains.Options{Clock: o.Clock, NewWaiter: o.NewWaiter, Limits: s.limits, Publish: s.sessions.Publish, Log: o.Log})
	s.events.Handle(ownEvents(func(e event.Event) { s.metrics.handle(e, s.settings.Load().Policy) }))
	s.events.Handle(ownEvents(logEvents(o.Log)))
	if o.Notify != nil {
		n := *o.Notify
		n.MinimumUp, n.MinimumDown = float64(settings.Policy.Minimum.Upload), float64(settings.Policy.Minimum.Download)
		n.Publish = s.events.Publish
		if o.Cluster != "" {
			n.Shared = s.events.Snapshot
		}
		n.Date = s.readReceiver
		if n.Queues == nil {
			n.Queues = func(receiver string) (store.Queue, error) { return s.o.Store.Queue(context.Background(), receiver) }
		}
		if s.notifier, err = delivery.New(n); err != nil {
			return nil, err
		}
		s.events.Handle(s.notifier.Handle)
	}
	if o.Board != nil {
		if s.gate, err = s.newGate(*o.Board); err != nil {
			return nil, err
		}
		if s.boardPage, err = board.Assets(); err != nil {
			return nil, err
		}
	}
	s.attendance = newAttendance(s)
	s.events.Handle(s.attendance.handle)
	if o.Cluster != "" {
		s.cluster = s.newCluster()
	}
	return s, nil
}

// readReceiver compares this server's clock with that of a receiver of notifications.
func (s *Server) readReceiver(receiver string, theirs time.Time) {
	s.clocks.note(peerReceivers, receiver, theirs, s.o.Clock.Wall())
}

// Events returns the bus on which the server publishes its events.
func (s *Server) Events() *event.Bus { return s.events }

// Notifier returns the notifier; nil if notifications are off.
func (s *Server) Notifier() *delivery.Notifier { return s.notifier }

// API returns the operators' HTTP interface, protected by the authenticator.
func (s *Server) API(a auth.Authenticator) *api.API { return api.New(s, a, s.o.Log) }

// Audit returns the audit log of the server's store.
func (s *Server) Audit() store.Audit { return s.o.Store.Audit() }

// Ready reports whether the server accepts sessions.
func (s *Server) Ready() bool { return s.ready.Load() && !s.closing.Load() && !s.draining.Load() }

// limits returns the limits in force.
func (s *Server) limits() Limits { return s.settings.Load().Limits }

// forgotten releases the flow and the trains of a session that has ended.
func (s *Server) forgotten(ss *session.Session) {
	if id, ok := ss.FlowID(); ok {
		s.flows.Remove(id)
	}
	s.trains.Forget(ss)
	s.pageWatches.end(ss)
}

// Run serves until ctx ends, then says goodbye to the clients and closes. It
// blocks.
func (s *Server) Run(ctx context.Context) error {
	s.loadCertificate(ctx)
	ln, pages, err := s.listen()
	if err != nil {
		return err
	}
	s.flows.Serve(ln.Socket(), true)
	if err := s.media.Serve(ln.Socket()); err != nil {
		return errors.Join(err, ln.Close())
	}
	s.ready.Store(true)
	s.o.Log.Info("serving", "address", s.o.Conn.LocalAddr().String(), "version", s.o.Version)

	var wg sync.WaitGroup
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	leave := s.joinOthers(ctx)
	stopSessions := s.keepSessions(ctx)
	if s.acme != nil {
		wg.Go(func() { s.acme.Run(inner) })
	}
	wg.Go(func() { s.sessions.Run(inner) })
	wg.Go(func() { s.expire(inner) })
	wg.Go(func() { s.students.run(inner) })
	wg.Go(func() { s.attendance.run(inner) })
	wg.Go(func() { s.pageWatches.run(inner) })
	wg.Go(s.runBoard(inner))
	stopNotifier := s.runNotifier(ctx)
	accept := func(next func(context.Context) (*link.Conn, error)) {
		wg.Go(func() { // ends when the listener is closed, or with inner
			for {
				conn, err := next(inner)
				if err != nil {
					return
				}
				wg.Go(func() { s.serve(inner, conn) })
			}
		})
	}
	accept(ln.Accept)
	accept(pages.Accept)
	stopTCP := func() error { return nil }
	if s.o.TCP != nil {
		ws := link.NewWebSockets(s.o.Clock, s.limits().WebSockets())
		s.webSockets.Store(ws)
		accept(ws.Accept)
		stopTCP = s.serveTCP(s.o.TCP, ws)
	}
	<-ctx.Done()
	s.closing.Store(true)
	s.board.Close()
	s.sayGoodbye()
	cancel()
	err = errors.Join(pages.Close(), s.media.Close(), ln.Close(), stopTCP())
	wg.Wait()
	s.receipts.close()
	stopSessions()
	err = errors.Join(err, stopNotifier())
	leave()
	s.o.Log.Info("stopped")
	if err != nil {
		return fmt.Errorf("close: %w", err)
	}
	return nil
}

// Sessions lists the current sessions, worst state first, then longest silence.
func (s *Server) Sessions() []SessionInfo {
	now := s.o.Clock.Now()
	var out []SessionInfo
	for _, ss := range s.sessions.All() {
		out = append(out, ss.Info(now))
	}
	slices.SortFunc(out, func(a, b SessionInfo) int {
		return cmp.Or(b.State.Severity()-a.State.Severity(), cmp.Compare(b.Silent, a.Silent))
	})
	return out
}
