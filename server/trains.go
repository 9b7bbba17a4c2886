package server

import (
	"context"
	"fmt"
	"sync"
	"time"

	"examlink/probe/link"
	"examlink/probe/train"
	"examlink/probe/wire"
)

// Chosen by us.
const (
	// trainStart is how long a train going up may take to begin, trainIdle how
	// often it is looked at, trainLimit how long it may last in all.
	trainStart = 5 * time.Second
	trainIdle  = 20 * time.Millisecond
	trainLimit = 60 * time.Second
	// trainLinger is how long a receiver that has reported goes on telling a
	// sender that has not heard to stop.
	trainLinger = time.Second
	// calmAfter is how long queues may take to drain after a train.
	calmAfter = time.Second
	// trainLeast is what a train costs of the grant even if it never began.
	trainLeast = 10e3
)

// startTrain checks a request against the grants and runs the train.
func (s *Server) startTrain(ctx context.Context, wg *sync.WaitGroup, ss *session, conn *link.Conn, c *control, m wire.Message) error {
	r := *m.TrainRequest
	if err := train.Validate(r); err != nil {
		return &refusal{wire.RefusedRequest, err.Error()}
	}
	l := s.limits()
	if r.PrimeRate > l.TrainBitRate || r.HoldRate > l.TrainBitRate {
		return &refusal{wire.RefusedLimit, fmt.Sprintf("a train of %.0f bit/s, at most %.0f", max(r.PrimeRate, r.HoldRate), l.TrainBitRate)}
	}
	ss.mu.Lock()
	defer ss.mu.Unlock()
	switch {
	case ss.conn != conn:
		return &refusal{wire.RefusedRequest, "the session has moved to another connection"}
	case ss.receiver != nil && !ss.reported || ss.sender != nil:
		return &refusal{wire.RefusedBusy, "a train of this session is running"}
	case ss.spent+r.MaxBytes > l.TrainBytes:
		return &refusal{wire.RefusedBudget, fmt.Sprintf("%d of %d bytes are spent", ss.spent, l.TrainBytes)}
	}
	reserved := max(r.PrimeRate, r.HoldRate)
	s.plan.Lock()
	if s.planned+reserved > l.TotalBitRate {
		s.plan.Unlock()
		return &refusal{wire.RefusedBusy, "the server's rate is taken by other trains"}
	}
	s.planned += reserved
	s.plan.Unlock()
	ss.spent += r.MaxBytes // settled when it is known what was used
	s.metrics.trains.WithLabelValues(string(r.Direction)).Inc()
	finish := func() {
		s.plan.Lock()
		s.planned = max(s.planned-reserved, 0)
		s.plan.Unlock()
	}
	if r.Direction == wire.Up {
		ss.receiver = train.NewReceiver(r, ss.noise.Median(), ss.ipv6)
		ss.rxDone, ss.reported = make(chan struct{}, 1), false
		rx, done := ss.receiver, ss.rxDone
		wg.Go(func() {
			defer finish()
			s.receiveTrain(ctx, ss, c, m.ID, rx, done, r)
		})
		return nil
	}
	waiter, err := s.o.NewWaiter(s.o.Clock)
	if err != nil {
		ss.spent -= r.MaxBytes
		finish()
		return err
	}
	flow, socket, to, buf := ss.flow, ss.socket, conn.Remote(), make([]byte, 0, wire.MaxPacketSize)
	ss.sender = &train.Sender{
		Request: r, IPv6: ss.ipv6, Clock: s.o.Clock, Waiter: waiter,
		Send: func(p wire.TrainPacket, size int) error {
			return flow.SendTrain(socket, to, buf, p, size)
		},
		SendEnd: func(p wire.TrainPacket, e wire.TrainEnd) error {
			return flow.SendTrainEnd(socket, to, buf, p, e)
		},
	}
	tx := ss.sender
	ss.awaited = &r
	wg.Go(func() {
		defer finish()
		defer waiter.Close()
		s.sendTrain(ctx, ss, c, m.ID, tx)
	})
	return nil
}

// sendTrain runs a train going down. Called without the session's lock.
func (s *Server) sendTrain(ctx context.Context, ss *session, c *control, id uint64, tx *train.Sender) {
	ctx, cancel := context.WithTimeout(ctx, trainLimit)
	defer cancel()
	var sent train.Sent
	err := c.send(wire.Message{Type: wire.TypeTrainReady, ID: id})
	if err == nil {
		sent, err = tx.Run(ctx)
	}
	s.metrics.trainBytes.WithLabelValues(string(wire.Down)).Add(float64(sent.Bytes))
	ss.mu.Lock()
	ss.spent += max(sent.Bytes, trainLeast) - tx.Request.MaxBytes
	if ss.sender == tx {
		ss.sender = nil
	}
	ss.mu.Unlock()
	if err != nil {
		s.o.Log.Debug("train ended early", "session", ss.id, "err", err)
	}
}

// receiveTrain waits for a train going up and reports it.
func (s *Server) receiveTrain(ctx context.Context, ss *session, c *control, id uint64, rx *train.Receiver, done <-chan struct{}, r wire.TrainRequest) {
	ctx, cancel := context.WithTimeout(ctx, trainLimit)
	defer cancel()
	tick := time.NewTicker(trainIdle)
	defer tick.Stop()
	began := s.o.Clock.Now()
	if c.send(wire.Message{Type: wire.TypeTrainReady, ID: id}) == nil {
	wait:
		for {
			select {
			case <-ctx.Done():
				break wait
			case <-done:
				break wait
			case <-tick.C:
			}
			now := s.o.Clock.Now()
			ss.mu.Lock()
			over := rx.Over(now) || !rx.Started() && now-began > trainStart
			ss.mu.Unlock()
			if over {
				break
			}
		}
	}
	forget := func() {
		ss.mu.Lock()
		defer ss.mu.Unlock()
		if ss.receiver == rx {
			ss.receiver = nil
		}
	}
	defer forget()
	ss.mu.Lock()
	early := !rx.Ended()
	var report wire.TrainReport
	if early {
		report = rx.Report()
		ss.reported = true
	}
	ss.mu.Unlock()
	if !early {
		forget() // from here on nobody else touches it
		report = rx.Report()
	}
	ss.mu.Lock()
	ss.spent += max(report.Bytes, trainLeast) - r.MaxBytes
	ss.up = &report
	if r.Measures() {
		ss.rateUp = s.read(wire.Up, report)
	}
	ss.mu.Unlock()
	if s.o.OnReading != nil {
		s.o.OnReading(ss.info(s.o.Clock.Now()), report)
	}
	_ = c.send(wire.Message{Type: wire.TypeTrainReport, ID: id, TrainReport: &report})
	// The sender may not have heard yet that it can stop: go on telling it.
	for linger := time.NewTimer(trainLinger); early; {
		select {
		case <-ctx.Done():
			return
		case <-linger.C:
			return
		case <-tick.C:
		}
		ss.mu.Lock()
		early = ss.receiver == rx && !rx.Ended()
		ss.mu.Unlock()
	}
}
