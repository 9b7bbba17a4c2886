package session

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"examlink/probe/outbox"
	"examlink/probe/verdict"
	"examlink/probe/wire"
)

// Chosen by us.
const (
	// deliverCalm is the least a connection must have been heard of for a
	// report to be handed to it: in an interruption it would only wait there.
	deliverCalm = time.Second
	deliverLook = 200 * time.Millisecond
	// goodbyeSettle is how long the end of a session may take to settle and to
	// report what is left.
	GoodbyeSettle = 700 * time.Millisecond
	deliverPause  = time.Second // after the server asked for less
	// deliverHeld is how long a report waits at most for a queue on the link to
	// drain. On a very slow link a minute of 800 bytes takes longer than QUIC's
	// time-out, and what QUIC then repeats fills the link for seconds.
	deliverHeld = 20 * time.Second
)

// ReportSender delivers what is in the outbox over the session in use, one report at
// a time. The zero value is ready. Its methods are the loop's.
type ReportSender struct {
	stop context.CancelFunc // nil: there is none
	wg   sync.WaitGroup
	last atomic.Bool // the session ends: there is no time for manners
}

// Start begins to deliver over a session; cancel and wait end it.
func (c *ReportSender) Start(s *Session, q *outbox.Queue) {
	ctx, stop := context.WithCancel(context.Background())
	c.stop = stop
	c.last.Store(false)
	c.wg.Go(func() { s.deliver(ctx, q, &c.last) }) // ends with ctx or the session
}

// Cancel begins no other delivery.
func (c *ReportSender) Cancel() {
	if c.stop != nil {
		c.stop()
	}
}

// Wait returns when nothing is under way: after the session was closed, for
// that ends a write that is stuck.
func (c *ReportSender) Wait() {
	c.wg.Wait()
	c.stop = nil
}

// Finish gives what is left a moment to be delivered.
func (c *ReportSender) Finish(q *outbox.Queue) {
	c.last.Store(true)
	for began := time.Now(); c.stop != nil && time.Since(began) < GoodbyeSettle; time.Sleep(10 * time.Millisecond) {
		if _, waiting := q.Next(); !waiting {
			return
		}
	}
}

// deliver sends what is in the outbox, in order, each when the one before has
// been answered, until ctx or the session ends.
//
// It keeps out of the way of trains and of a queue that stands: a minute is half a
// kilobyte, 10 ms of an upload at the minimum.
func (s *Session) deliver(ctx context.Context, q *outbox.Queue, last *atomic.Bool) {
	sent := s.Config.Clock.Now() // when the last report left, or could have
	for {
		now := s.Config.Clock.Now()
		silent, heard := s.Monitor.Heard(now)
		r, waiting := q.Next()
		switch {
		case !waiting:
			select {
			case <-q.Wake():
			case <-s.done:
				return
			case <-ctx.Done():
				return
			}
			sent = s.Config.Clock.Now()
			continue
		case !heard || silent > deliverCalm || !last.Load() && (!s.Monitor.Calm(now) || s.Monitor.Congested() && now-sent < deliverHeld):
			if !s.rest(ctx, deliverLook) {
				return
			}
			continue
		}
		sent = now
		switch refused, err := s.report(ctx, r); {
		case err == nil:
			q.Taken(r.Number)
		case refused == wire.RefusedLimit || refused == wire.RefusedBusy:
			if !s.rest(ctx, deliverPause) {
				return
			}
		case refused == wire.RefusedShutdown:
			return
		case refused != "":
			s.Config.Log.Debug("report refused", "kind", r.Kind, "reason", refused)
			q.Refused(r.Number)
		default: // no answer: it is sent again
			if !s.rest(ctx, deliverLook) {
				return
			}
		}
	}
}

// report sends one report and waits for its answer. refused is the server's
// reason, if it gave one.
func (s *Session) report(ctx context.Context, r wire.Report) (refused wire.Refusal, err error) {
	ch, release, err := s.request(wire.Message{Type: wire.TypeReport, Report: &r})
	if err != nil {
		s.finish(err) // part of it may have been written: the stream is of no use
		return "", err
	}
	defer release()
	_, err = s.answer(ctx, ch, answerTimeout)
	var e *RefusedError
	if errors.As(err, &e) {
		return e.Reason, err
	}
	return "", err
}

// rest waits; false when ctx or the session ended meanwhile.
func (s *Session) rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return s.Err() == nil
	case <-s.done:
	case <-ctx.Done():
	}
	return false
}

// ReportVerdict tells the server what the check came to, for its operators. The
// check stands, whether the server takes it or not.
func (s *Session) ReportVerdict(ctx context.Context, v verdict.Verdict) {
	body, err := json.Marshal(v.Summary())
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, GoodbyeSettle)
	defer cancel()
	refused, err := s.report(ctx, wire.Report{Origin: rand.Text(), Number: 1, At: s.Config.Clock.Wall().Round(0), Kind: wire.ReportVerdict, Contents: body})
	if err != nil {
		s.Config.Log.Debug("the server has not taken the verdict", "reason", refused, "err", err)
	}
}
