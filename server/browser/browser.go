// Package browser is the server's end of a check or a watch of a page in a browser: the
// server leads, the page only answers. It sends the monitor stream, which the page
// reflects; it sends trains going down, of which the page returns the arrival times, and
// receives those going up.
//
// It implements probe.Line and watch.Line, so that rates, figures, verdicts and warnings
// come from the code that a student's program uses. It knows neither tokens nor receipts.
package browser

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"examlink/probe"
	"examlink/probe/clock"
	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/monitor"
	"examlink/probe/session"
	"examlink/probe/train"
	"examlink/probe/verdict"
	"examlink/probe/watch"
	"examlink/probe/wire"
)

// TrainPacket is the payload of a datagram of a train, in bytes: it fits the 1,200 bytes
// of a QUIC packet beside the headers of QUIC and WebTransport. Chosen by us.
const TrainPacket = 1120

// Options configures a Line. All fields must be set but those of the other purpose.
type Options struct {
	Conn      *link.Conn
	Send      func(wire.Message) error // on the control stream
	Opened    probe.Opened
	Flow      wire.FlowID
	Grant     wire.Grant
	LossAfter time.Duration
	Clock     clock.Clock
	NewWaiter func(clock.Clock) (clock.Waiter, error)
	// Seen is called with the arrival of each packet of the page.
	Seen func(at time.Duration, from netip.AddrPort)
	// Reading is called with the report of each train.
	Reading func(r wire.TrainReport, measures bool)
	// Reserve takes a train's rate, bit/s, from what all sessions share; ok is false if
	// there is none left now.
	Reserve func(rate float64) (release func(), ok bool)
	// Interval is the spacing of the monitor stream at first.
	Interval time.Duration

	// Verdict takes the verdict of a check and returns the receipt; see probe.Line.
	Verdict func(context.Context, verdict.Verdict) (receipt string, owed bool)

	// Of a watch: whether the session was resumed, what takes a report, the key with which
	// the server countersigns (empty: it does not), and what is closed when the watch is over.
	Resumed bool
	Report  func(context.Context, wire.Report) (wire.Reported, wire.Refusal, error)
	HeadKey string
	Over    <-chan struct{}
}

// Line leads one page. It is safe for concurrent use.
type Line struct {
	o       Options
	monitor *monitor.Stream
	ipv6    bool
	to      netip.AddrPort

	interval atomic.Int64 // of the monitor stream, nanoseconds
	seqs     [wire.LastKind + 1]atomic.Uint64

	mu       sync.Mutex
	train    wire.TrainID
	receiver *train.Receiver
	sender   *train.Sender
	down     *downTrain // of a train going down
	up       upTrain
	counted  int64 // IP-layer bytes of train packets received
	handed   int64 // the same, sent
	ended    error
	away     []watch.Absence // not fetched yet

	cancel context.CancelFunc
	wg     sync.WaitGroup
	done   chan struct{}
}

var _ probe.Line = (*Line)(nil)

// New begins to lead a page.
func New(ctx context.Context, o Options) (*Line, error) {
	waiter, err := o.NewWaiter(o.Clock)
	if err != nil {
		return nil, err
	}
	l := &Line{
		o: o, monitor: monitor.NewStream(o.LossAfter, o.Clock.Now()), to: o.Conn.Remote(),
		ipv6: o.Conn.Remote().Addr().Is6(), done: make(chan struct{}),
	}
	l.monitor.HidesLoss, l.monitor.Mirrored = l.Traits().HidesLoss, true
	l.SetInterval(o.Interval)
	o.Conn.Socket().Handle(l.packets)
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
	l.cancel = cancel
	l.wg.Go(func() { // ends with Close
		defer waiter.Close()
		l.sendProbes(inner, waiter)
	})
	return l, nil
}

// End notes that the connection or its control stream has ended; nil: the page said
// goodbye.
func (l *Line) End(err error) {
	if err == nil {
		l.end(link.ReasonClosed, watch.ErrLeft)
		return
	}
	reason, _ := link.ReasonOf(l.o.Conn.Broken(err))
	if reason == link.ReasonClosed {
		err = fmt.Errorf("%w: %w", watch.ErrLeft, err)
	}
	l.end(reason, err)
}

func (l *Line) end(reason link.Reason, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended == nil {
		l.ended = &link.Error{Reason: reason, Server: "page", Err: err}
		close(l.done)
	}
}

// Take handles a message of the page; ok is false if it is none of a check's.
func (l *Line) Take(m wire.Message) (ok bool) {
	if m.Type != wire.TypeArrivals || m.Arrivals.Validate() != nil {
		return false
	}
	l.arrivals(*m.Arrivals)
	return true
}

// Opened implements probe.Line.
func (l *Line) Opened() probe.Opened { return l.o.Opened }

// Probes implements probe.Line and watch.Line.
func (l *Line) Probes() *monitor.Stream { return l.monitor }

// SetInterval implements probe.Line.
func (l *Line) SetInterval(d time.Duration) {
	if r := l.o.Grant.ProbeRate; r > 0 {
		d = max(d, time.Duration(float64(time.Second)/r))
	}
	l.interval.Store(int64(d))
}

// Sleep implements probe.Line.
func (l *Line) Sleep(ctx context.Context, d time.Duration) error {
	return session.SleepUntil(ctx, d, l.done, l.Err)
}

// PathMTU implements probe.Line: a page cannot send packets of a size that it chooses.
func (l *Line) PathMTU(context.Context, time.Duration) (mtu int, ok bool) { return 0, false }

// OwnBytes implements probe.Line.
func (l *Line) OwnBytes() (received, sent int64) {
	s, r := l.o.Conn.Control()
	if l.Traits().HidesLoss { // where control is all that is counted there
		l.mu.Lock()
		defer l.mu.Unlock()
		probes, echoes := l.monitor.Bytes(ippm.IPSize(wire.MinPacketSize, l.ipv6))
		s, r = s+l.handed+probes, r+l.counted+echoes
	}
	return s, r
}

// Others implements probe.Line: a page knows nothing of other programs.
func (l *Line) Others() *session.Others { return session.NewOthers(nil) }

// Err implements probe.Line.
func (l *Line) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ended
}

// ServerEnded implements probe.Line: the server is this one.
func (l *Line) ServerEnded(context.Context, error, func() bool) bool { return false }

// ReportVerdict implements probe.Line.
func (l *Line) ReportVerdict(ctx context.Context, v verdict.Verdict) (receipt string, owed bool) {
	return l.o.Verdict(ctx, v)
}

// Traits implements probe.Line: a page opens no further streams, and stamps packets when
// it handles them.
func (l *Line) Traits() link.Traits {
	t := l.o.Conn.Traits()
	t.Streams, t.Stamps = false, false
	return t
}

// Grant implements probe.Line.
func (l *Line) Grant() wire.Grant { return l.o.Grant }

// TrainPacket implements probe.Line.
func (l *Line) TrainPacket() int { return TrainPacket }

// Now implements probe.Line.
func (l *Line) Now() time.Duration { return l.o.Clock.Now() }

// errStreams is returned for a stream of bytes, which no page carries.
var errStreams = errors.New("a page carries no streams of bytes")

// Stream implements probe.Line.
func (l *Line) Stream(context.Context, wire.Goodput) (wire.Goodput, error) {
	return wire.Goodput{}, errStreams
}

// Close implements probe.Line. The connection stays open.
func (l *Line) Close(bool) {
	l.cancel()
	l.wg.Wait()
	l.o.Conn.Socket().Handle(nil)
}
