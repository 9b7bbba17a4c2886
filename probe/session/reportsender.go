package session

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"examlink/probe/outbox"
	"examlink/probe/verdict"
	"examlink/probe/wire"
)

// Chosen by us.
const (
	// deliverCalm is the longest silence of a connection at which a report is
	// still sent on it: in an interruption the report would only wait there.
	deliverCalm = time.Second
	deliverLook = 200 * time.Millisecond
	// GoodbyeSettle is how long the end of a session may take to settle and to
	// deliver remaining reports.
	GoodbyeSettle = 700 * time.Millisecond
	deliverPause  = time.Second // after the server asked for a lower rate
	// deliverHeld is how long a report waits at most for a queue on the link to
	// drain. On a very slow link a minute of 800 bytes takes longer than QUIC's
	// time-out, and QUIC's retransmissions then fill the link for seconds.
	deliverHeld = 20 * time.Second
	// verdictTime is how long a check waits for its receipt: longer than a server
	// waits for its store, so that the server is asked again.
	verdictTime = 15 * time.Second
)

// ReportSender delivers the reports in the outbox over the session in use, one at a
// time. The zero value is ready. Only the loop calls its methods.
type ReportSender struct {
	stop context.CancelFunc // nil: not started
	wg   sync.WaitGroup
	last atomic.Bool // the session is ending: do not wait for a calm link

	heads heads
}

// Carrier takes reports to the server. Session implements it, and so does the line of a
// page, whose reports are those of the server that leads it.
type Carrier interface {
	// Report delivers a report and waits for the answer; refused is the server's reason, if
	// it gave one.
	Report(ctx context.Context, r wire.Report) (answer wire.Reported, refused wire.Refusal, err error)
	// Ready reports whether the link is calm enough for a report. waited is how long one has
	// been waiting; last: the session ends, nothing but an interruption is a reason to wait.
	Ready(now, waited time.Duration, last bool) bool
	// Countersigner returns the session, and the key with which the server countersigns heads
	// of its record; empty: it does not.
	Countersigner() (session, key string)
	// Done is closed when the line has ended.
	Done() <-chan struct{}
	// Err returns why the line has ended; nil while it is open.
	Err() error
	// Now returns the time of this host's monotonic clock.
	Now() time.Duration
}

var _ Carrier = (*Session)(nil)

// Start begins to deliver over a line; Cancel and Wait end it.
func (c *ReportSender) Start(s Carrier, q *outbox.Queue, log *slog.Logger) {
	ctx, stop := context.WithCancel(context.Background())
	c.stop = stop
	c.last.Store(false)
	if c.heads.answers == nil {
		c.heads.answers = make(chan HeadAnswer, 4)
	}
	c.wg.Go(func() { c.deliver(ctx, s, q, log) }) // ends with ctx or the line
}

// Cancel prevents further deliveries.
func (c *ReportSender) Cancel() {
	if c.stop != nil {
		c.stop()
	}
}

// Wait returns when no delivery is running. Call it after the session was closed,
// because closing ends a blocked write.
func (c *ReportSender) Wait() {
	c.wg.Wait()
	c.stop = nil
}

// Finish waits briefly for the remaining reports to be delivered.
func (c *ReportSender) Finish(q *outbox.Queue) {
	c.last.Store(true)
	for began := time.Now(); c.stop != nil && time.Since(began) < GoodbyeSettle; time.Sleep(10 * time.Millisecond) {
		if _, waiting := q.Next(); !waiting {
			return
		}
	}
}

// deliver sends the reports in the outbox in order, each after the previous one was
// answered, until ctx or the line ends.
func (c *ReportSender) deliver(ctx context.Context, s Carrier, q *outbox.Queue, log *slog.Logger) {
	sent := s.Now() // when the last report was sent, or the outbox was last empty
	for {
		now := s.Now()
		r, waiting := q.Next()
		switch {
		case !waiting:
			select {
			case <-q.Wake():
			case <-s.Done():
				return
			case <-ctx.Done():
				return
			}
			sent = s.Now()
			continue
		case !s.Ready(now, now-sent, c.last.Load()):
			if !rest(ctx, s, deliverLook) {
				return
			}
			continue
		}
		sent = now
		c.heads.attach(s, &r)
		switch answer, refused, err := s.Report(ctx, r); {
		case err == nil:
			c.heads.answered(s, r, answer) // first: Finish waits for the queue
			q.Taken(r.Number)
		case refused == wire.RefusedLimit || refused == wire.RefusedBusy:
			if !rest(ctx, s, deliverPause) {
				return
			}
		case refused == wire.RefusedShutdown:
			return
		case refused != "":
			log.Debug("report refused", "kind", r.Kind, "reason", refused)
			q.Refused(r.Number)
		default: // no answer: resend
			if !rest(ctx, s, deliverLook) {
				return
			}
		}
	}
}

// Ready implements Carrier. A report waits for trains to end and queues to drain: a minute
// is half a kilobyte, 10 ms of an upload at the minimum.
func (s *Session) Ready(now, waited time.Duration, last bool) bool {
	silent, heard := s.Monitor.Heard(now)
	if !heard || silent > deliverCalm {
		return false
	}
	return last || s.Monitor.Calm(now) && (!s.Monitor.Congested() || waited >= deliverHeld)
}

// Countersigner implements Carrier.
func (s *Session) Countersigner() (session, key string) { return s.Welcome.Session, s.Welcome.HeadKey }

// Done implements Carrier.
func (s *Session) Done() <-chan struct{} { return s.done }

// Report implements Carrier.
func (s *Session) Report(ctx context.Context, r wire.Report) (answer wire.Reported, refused wire.Refusal, err error) {
	ch, release, err := s.request(wire.Message{Type: wire.TypeReport, Report: &r})
	if err != nil {
		s.finish(err) // it may have been written in part: the stream is unusable
		return answer, "", err
	}
	defer release()
	m, err := s.answer(ctx, ch, answerTimeout)
	var e *RefusedError
	switch {
	case errors.As(err, &e):
		return answer, e.Reason, err
	case err == nil && m.Reported != nil:
		answer = *m.Reported
	}
	return answer, "", err
}

// rest waits; it returns false if ctx or the line ended meanwhile.
func rest(ctx context.Context, s Carrier, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return s.Err() == nil
	case <-s.Done():
	case <-ctx.Done():
	}
	return false
}

// ReportVerdict sends the check's verdict to the server and returns the server's
// receipt, a JWS; empty: there is none. owed says that the server has the verdict and
// could not store the receipt yet. The check is valid whether the server accepts it or
// not.
func (s *Session) ReportVerdict(ctx context.Context, v verdict.Verdict) (receipt string, owed bool) {
	body, err := json.Marshal(v.Statement())
	if err != nil {
		return "", false
	}
	ctx, cancel := context.WithTimeout(ctx, verdictTime)
	defer cancel()
	r := wire.Report{Origin: rand.Text(), Number: 1, At: s.Config.Clock.Wall().Round(0), Kind: wire.ReportVerdict, Contents: body}
	for {
		answer, refused, err := s.Report(ctx, r)
		if err == nil {
			return answer.Receipt, false
		}
		s.Config.Log.Debug("verdict not accepted", "reason", refused, "err", err)
		switch {
		case refused == wire.RefusedBusy:
			owed = true
		case refused != "":
			return "", false
		}
		if refused == "" || s.Sleep(ctx, deliverPause) != nil {
			return "", owed
		}
	}
}
