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

// Start begins to deliver over a session; Cancel and Wait end it.
func (c *ReportSender) Start(s *Session, q *outbox.Queue) {
	ctx, stop := context.WithCancel(context.Background())
	c.stop = stop
	c.last.Store(false)
	if c.heads.answers == nil {
		c.heads.answers = make(chan HeadAnswer, 4)
	}
	c.wg.Go(func() { s.deliver(ctx, q, c) }) // ends with ctx or the session
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
// answered, until ctx or the session ends.
// It waits for trains to end and queues to drain: a minute is half a kilobyte, 10 ms
// of an upload at the minimum.
func (s *Session) deliver(ctx context.Context, q *outbox.Queue, c *ReportSender) {
	sent := s.Config.Clock.Now() // when the last report was sent, or the outbox was last empty
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
		case !heard || silent > deliverCalm || !c.last.Load() && (!s.Monitor.Calm(now) || s.Monitor.Congested() && now-sent < deliverHeld):
			if !s.rest(ctx, deliverLook) {
				return
			}
			continue
		}
		sent = now
		c.heads.attach(s, &r)
		switch answer, refused, err := s.report(ctx, r); {
		case err == nil:
			c.heads.answered(s, r, answer) // first: Finish waits for the queue
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
		default: // no answer: resend
			if !s.rest(ctx, deliverLook) {
				return
			}
		}
	}
}

// report sends one report and waits for its answer. refused is the server's
// reason, if it gave one.
func (s *Session) report(ctx context.Context, r wire.Report) (answer wire.Reported, refused wire.Refusal, err error) {
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

// rest waits; it returns false if ctx or the session ended meanwhile.
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
		answer, refused, err := s.report(ctx, r)
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
