// Package server is the measuring server: it admits students' sessions,
// reflects their probes, runs trains with them, and judges by itself who has
// fallen silent.
//
// It refuses to believe what a client says about itself: what a client claims
// and what the server saw are kept apart.
package server

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"examlink/probe/clock"
	"examlink/probe/link"
	"examlink/probe/verdict"
	"examlink/probe/wire"
)

// Chosen by us.
const (
	helloTimeout = 5 * time.Second        // from handshake to hello
	scanEvery    = 100 * time.Millisecond // silence timers
	stallLimit   = 400 * time.Millisecond // a scan so late says that this host stood still
	byeTimeout   = time.Second            // telling clients of a shutdown
	addressTable = 4096                   // addresses whose handshake rate is remembered
)

// Options configures a server. Constructors check it.
type Options struct {
	// Conn is the UDP socket, or a simulated one. The server does not close it.
	Conn net.PacketConn
	// TCP, if set, listens by TCP on the same port, for WebSockets where UDP
	// does not get through. Run closes it.
	TCP net.Listener
	// TLS holds the certificate.
	TLS *tls.Config
	// TokenKey verifies join tokens.
	TokenKey ed25519.PublicKey
	// Secret, kept across restarts, authenticates resume tickets and stateless
	// resets.
	Secret [32]byte
	// Clock is this host's unless set.
	Clock clock.Clock
	// NewWaiter makes the waiters that pace trains; clock.NewWaiter unless set.
	NewWaiter func(clock.Clock) (clock.Waiter, error)
	// Limits, Silence, Policy and SessionSeries are the Settings it starts with.
	Limits        Limits
	Silence       Silence
	Policy        verdict.Policy
	SessionSeries int
	Log           *slog.Logger
	Version       string
	// OnState, if set, hears of every change of a session's state, from the
	// server's own goroutines: it must not block.
	OnState func(SessionInfo)
	// OnReading, if set, hears of every train going up that the server has read,
	// OnClaim of every train going down that the client says to have read. As
	// with OnState they must not block.
	OnReading, OnClaim func(SessionInfo, wire.TrainReport)
}

// Limits bounds what students can make a server do. Zero values take the
// defaults of DefaultLimits. Tags declare keys of config.yaml, for the programs;
// this package does not read them.
type Limits struct {
	Sessions         int     `mapstructure:"sessions" default:"5000" min:"1" max:"1000000" doc:"Live sessions in all."`
	SessionsPerToken int     `mapstructure:"sessions_per_token" default:"3" min:"1" max:"1000000" doc:"Live sessions of one join token."`
	HandshakeRate    float64 `mapstructure:"handshake_rate" default:"10" above:"0" max:"1000000" doc:"Handshakes per second from one address."`
	RetryRate        float64 `mapstructure:"retry_rate" default:"200" above:"0" max:"1000000" doc:"Handshakes per second in all. Above this rate, addresses must prove themselves with a QUIC Retry."`
	ProbeRate        float64 `mapstructure:"probe_rate" default:"200" above:"0" max:"1000000" doc:"Probes per second of one session."`
	TrainBytes       int64   `mapstructure:"train_bytes" unit:"bytes" default:"512MB" min:"1B" doc:"IP-layer bytes of all trains of one session, both ways together."`
	TrainBitRate     float64 `mapstructure:"train_rate" unit:"bit/s" default:"1Gbit/s" above:"0bit/s" doc:"The rate that one train may ask for."`
	TotalBitRate     float64 `mapstructure:"total_rate" unit:"bit/s" default:"2Gbit/s" above:"0bit/s" doc:"The rate that all trains running together may ask for."`
}

// DefaultLimits are the limits of a server that is told none.
func DefaultLimits() Limits {
	return Limits{
		Sessions: 5000, SessionsPerToken: 3, HandshakeRate: 10, RetryRate: 200,
		ProbeRate: 200, TrainBytes: 512e6, TrainBitRate: 1e9, TotalBitRate: 2e9,
	}
}

// Silence is when a session that sends nothing changes its state.
type Silence struct {
	Suspect      time.Duration `mapstructure:"suspect" default:"1s" doc:"Until it is suspect: something may be wrong."`
	Dropped      time.Duration `mapstructure:"dropped" default:"3s" doc:"Until it is dropped: the link is down."`
	ExamRelevant time.Duration `mapstructure:"exam_relevant" default:"30s" doc:"Until it is exam-relevant: the silence matters to the exam."`
	Forget       time.Duration `mapstructure:"forget" default:"30m" doc:"Until it is over."`
}

func (s Silence) ordered() bool {
	return 0 < s.Suspect && s.Suspect < s.Dropped && s.Dropped < s.ExamRelevant && s.ExamRelevant < s.Forget
}

// DefaultSilence is the silence a server that is told none judges by.
func DefaultSilence() Silence {
	return Silence{Suspect: time.Second, Dropped: 3 * time.Second, ExamRelevant: 30 * time.Second, Forget: 30 * time.Minute}
}

// Server measures with students.
type Server struct {
	o        Options
	settings atomic.Pointer[Settings]
	metrics  *metrics
	ready    atomic.Bool
	closing  atomic.Bool

	webSockets atomic.Pointer[link.WebSockets] // nil until it runs, and without TCP

	mu       sync.RWMutex // before a session's own lock, never after it
	flows    map[wire.FlowID]*session
	sessions map[string]*session

	reports heard

	plan    sync.Mutex
	planned float64 // bit/s of the trains running now

	admission sync.Mutex
	addresses map[netip.Addr]*rate.Limiter
	retry     *rate.Limiter

	reflector reflector
}

// New checks the options and prepares a server.
func New(o Options) (*Server, error) {
	settings, err := Settings{Limits: o.Limits, Silence: o.Silence, Policy: o.Policy, SessionSeries: o.SessionSeries}.complete()
	if err != nil {
		return nil, err
	}
	l := settings.Limits
	switch {
	case o.Conn == nil:
		return nil, errors.New("server: no socket")
	case o.TLS == nil || len(o.TLS.Certificates) == 0 && o.TLS.GetCertificate == nil:
		return nil, errors.New("server: no certificate")
	case len(o.TokenKey) != ed25519.PublicKeySize:
		return nil, errors.New("server: no key for join tokens")
	}
	if o.Clock == nil {
		o.Clock = clock.NewSystem()
	}
	if o.NewWaiter == nil {
		o.NewWaiter = clock.NewWaiter
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		o: o, metrics: newMetrics(),
		flows: map[wire.FlowID]*session{}, sessions: map[string]*session{},
		addresses: map[netip.Addr]*rate.Limiter{}, reports: heard{most: originsPerSession * l.Sessions},
		retry: rate.NewLimiter(rate.Limit(l.RetryRate), int(l.RetryRate)+1),
	}
	s.settings.Store(&settings)
	s.reflector.init(reflectBatch)
	return s, nil
}

// Register adds the server's metrics to a registry.
func (s *Server) Register(r prometheus.Registerer) error {
	for _, c := range append(s.metrics.collectors(), sessionCollector{s}) {
		if err := r.Register(c); err != nil {
			return err
		}
	}
	return nil
}

// Ready says whether the server accepts sessions.
func (s *Server) Ready() bool { return s.ready.Load() && !s.closing.Load() }

// Run serves until ctx ends, then tells the clients and closes. It blocks.
func (s *Server) Run(ctx context.Context) error {
	ln, err := link.Listen(s.o.Conn, link.ListenOptions{
		TLS: s.o.TLS, Clock: s.o.Clock, ResetKey: derive(s.o.Secret, "stateless reset"),
		VerifySource: s.suspicious,
		Admit:        s.admitHandshake,
	})
	if err != nil {
		if s.o.TCP != nil {
			_ = s.o.TCP.Close()
		}
		return err
	}
	s.reflector.socket = ln.Socket()
	ln.Socket().Handle(func(batch []link.Datagram) { s.probes(&s.reflector, batch) })
	ln.Socket().HandleSent(s.departed)
	s.ready.Store(true)
	s.o.Log.Info("serving", "address", s.o.Conn.LocalAddr().String(), "version", s.o.Version)

	var wg sync.WaitGroup
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	wg.Go(func() { s.watchSilence(inner) })
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
	stopTCP := func() error { return nil }
	if s.o.TCP != nil {
		ws := link.NewWebSockets(s.o.Clock, s.limits().webSockets())
		s.webSockets.Store(ws)
		accept(ws.Accept)
		stopTCP = s.serveTCP(s.o.TCP, ws)
	}
	<-ctx.Done()
	s.closing.Store(true)
	s.sayGoodbye()
	cancel()
	err = errors.Join(ln.Close(), stopTCP())
	wg.Wait()
	s.o.Log.Info("stopped")
	if err != nil {
		return fmt.Errorf("close: %w", err)
	}
	return nil
}

// suspicious says whether an address must prove itself before its handshake
// counts: when handshakes are many in all, or many in its name.
func (s *Server) suspicious(a netip.Addr) bool {
	if !s.retry.Allow() {
		return true
	}
	s.admission.Lock()
	defer s.admission.Unlock()
	l := s.limiter(a)
	return l.Tokens() < float64(l.Burst())/2
}

// limiter returns the handshake limiter of an address. Called locked.
func (s *Server) limiter(a netip.Addr) *rate.Limiter {
	l := s.addresses[a]
	if l == nil {
		if len(s.addresses) >= addressTable {
			clear(s.addresses) // forgets who was fast; the total stays limited by Retry
		}
		most := s.limits().HandshakeRate
		l = rate.NewLimiter(rate.Limit(most), int(most)+1)
		s.addresses[a] = l
	}
	return l
}

// admitHandshake charges a handshake to its address. One that has not proved
// itself is never refused for what may have been sent in its name.
func (s *Server) admitHandshake(a netip.Addr, proved bool) bool {
	s.admission.Lock()
	defer s.admission.Unlock()
	ok := s.limiter(a).Allow() || !proved
	if !ok {
		s.metrics.refused.WithLabelValues("handshake-rate").Inc()
	}
	return ok
}

// watchSilence runs every session's silence timers until ctx ends.
func (s *Server) watchSilence(ctx context.Context) {
	tick := time.NewTicker(scanEvery)
	defer tick.Stop()
	last := s.o.Clock.Now()
	calm := last
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := s.o.Clock.Now()
		if now-last > scanEvery+stallLimit {
			calm = now + stallLimit*2 // it was this host that stood still: let the packets come in first
		}
		last = now
		if now < calm {
			continue
		}
		silence := s.settings.Load().Silence
		for _, ss := range s.snapshot() {
			from, to, changed := ss.judge(now, silence)
			if !changed || to.severity() >= StateSuspect.severity() && s.replaced(ss) {
				continue
			}
			s.stateChanged(ss, from, to)
		}
	}
}

func (s *Server) stateChanged(ss *session, from, to State) {
	s.metrics.transitions.WithLabelValues(string(to)).Inc()
	if to == StateEnded {
		s.forget(ss)
	}
	info := ss.info(s.o.Clock.Now())
	s.o.Log.Info("session state", "session", info.Session, "exam", info.Exam, "from", from, "to", to, "silent", info.Silent.Round(time.Millisecond))
	if s.o.OnState != nil {
		s.o.OnState(info)
	}
}

func (s *Server) snapshot() []*session {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make([]*session, 0, len(s.sessions))
	for _, ss := range s.sessions {
		out = append(out, ss)
	}
	return out
}

// Sessions lists the sessions there are, worst state first, then by silence.
func (s *Server) Sessions() []SessionInfo {
	now := s.o.Clock.Now()
	var out []SessionInfo
	for _, ss := range s.snapshot() {
		out = append(out, ss.info(now))
	}
	slices.SortFunc(out, func(a, b SessionInfo) int {
		if d := b.State.severity() - a.State.severity(); d != 0 {
			return d
		}
		return int(b.Silent - a.Silent)
	})
	return out
}

func (s *Server) forget(ss *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions[ss.id] == ss {
		delete(s.sessions, ss.id)
	}
	ss.mu.Lock()
	conn := ss.conn
	ss.mu.Unlock()
	if conn != nil {
		go conn.Close("session over") // ends at once; not under the lock
	}
	for id, other := range s.flows {
		if other == ss {
			delete(s.flows, id)
		}
	}
}

func (s *Server) sayGoodbye() {
	deadline := time.Now().Add(byeTimeout)
	var wg sync.WaitGroup
	for _, ss := range s.snapshot() {
		wg.Go(func() { ss.sendBye(deadline, "server is shutting down") })
	}
	wg.Wait()
}
