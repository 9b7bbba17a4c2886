package session

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/train"
	"examlink/probe/wire"
)

func (s *Session) trainPacket(p wire.TrainPacket, body []byte, d link.Datagram) {
	other, _ := s.Monitor.Received()
	foreign, _, _ := s.Foreign.Bytes(d.At)
	s.mu.Lock()
	s.spentDn += int64(ippm.IPSize(len(d.Data), s.ipv6))
	if s.receiver == nil {
		s.mu.Unlock()
		return
	}
	if p.Stage == wire.StageEnd {
		if e, err := wire.ParseTrainEnd(body); err == nil {
			s.receiver.End(p.Train, e)
		}
	}
	f, send := s.receiver.Arrive(p, d.At, len(d.Data), other, int64(foreign))
	s.mu.Unlock()
	if send && s.flow.SendFeedback(s.Conn.Socket(), s.Remote, make([]byte, 0, wire.MinPacketSize), f) == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.spentUp += int64(ippm.IPSize(wire.MinPacketSize, s.ipv6))
	}
}

// Spent returns the IP-layer bytes of trains and of their feedback so far, each
// way.
func (s *Session) Spent() (up, down int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.spentUp, s.spentDn
}

// OwnBytes returns all our bytes so far, each way.
func (s *Session) OwnBytes() (received, sent int64) {
	up, down := s.Spent()
	probesUp, probesDown := s.Monitor.Bytes(s.ProbeSize())
	controlUp, controlDown := s.Conn.Control()
	return down + probesDown + controlDown, up + probesUp + controlUp
}

// RunTrain implements ratetest.Runner: it runs one train and returns the receiver's
// report and, if this host was the sender, what it sent.
func (s *Session) RunTrain(ctx context.Context, r wire.TrainRequest) (wire.TrainReport, train.Sent, error) {
	ctx, cancel := context.WithTimeout(ctx, trainTimeout)
	defer cancel()
	s.mu.Lock()
	s.train++
	r.Train = wire.TrainID(s.train)
	s.mu.Unlock()
	if r.PacketSize == 0 {
		r.PacketSize = s.Config.TrainPacket
	}
	if g := s.Welcome.Grant.TrainBitRate; g > 0 {
		r.PrimeRate, r.HoldRate = min(r.PrimeRate, g), min(r.HoldRate, g)
	}
	if err := train.Validate(r); err != nil {
		return wire.TrainReport{}, train.Sent{}, fmt.Errorf("train: %w", err)
	}
	s.Monitor.MarkLoaded(math.MaxInt64)
	defer func() { s.Monitor.MarkLoaded(s.Config.Clock.Now() + calmAfter) }()
	for pause := busyPause; ; pause *= 2 {
		rep, sent, err := s.tryTrain(ctx, r)
		var refused *RefusedError
		if !errors.As(err, &refused) || refused.Reason != wire.RefusedBusy || pause > busyMost {
			if err == nil {
				rep = s.known(r, rep)
			}
			return rep, sent, err
		}
		// The previous train has not ended, or other sessions' trains are running.
		if err := s.Sleep(ctx, pause); err != nil {
			return rep, sent, err
		}
	}
}

func (s *Session) tryTrain(ctx context.Context, r wire.TrainRequest) (wire.TrainReport, train.Sent, error) {
	if r.Direction == wire.Up {
		return s.trainUp(ctx, r)
	}
	rep, err := s.trainDown(ctx, r)
	return rep, train.Sent{}, err
}

func (s *Session) trainUp(ctx context.Context, r wire.TrainRequest) (wire.TrainReport, train.Sent, error) {
	var sent train.Sent
	w, err := s.Config.NewWaiter(s.Config.Clock)
	if err != nil {
		return wire.TrainReport{}, sent, err
	}
	defer w.Close()
	buf := make([]byte, 0, wire.MaxPacketSize)
	tx := &train.Sender{
		Request: r, IPv6: s.ipv6, Clock: s.Config.Clock, Waiter: w,
		Send: func(p wire.TrainPacket, size int) error {
			err := s.flow.SendTrain(s.Conn.Socket(), s.Remote, buf, p, size)
			if err == nil {
				s.mu.Lock()
				s.spentUp += int64(ippm.IPSize(size, s.ipv6))
				s.mu.Unlock()
			}
			return err
		},
		Other: func() uint64 {
			_, up, _ := s.Foreign.Bytes(s.Config.Clock.Now())
			return up
		},
		SendEnd: func(p wire.TrainPacket, e wire.TrainEnd) error {
			return s.flow.SendTrainEnd(s.Conn.Socket(), s.Remote, buf, p, e)
		},
	}
	s.mu.Lock()
	s.sender = tx
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.sender = nil
	}()
	ch, release, err := s.request(wire.Message{Type: wire.TypeTrainRequest, TrainRequest: &r})
	if err != nil {
		return wire.TrainReport{}, sent, err
	}
	defer release()
	if _, err := s.answer(ctx, ch, answerTimeout); err != nil {
		return wire.TrainReport{}, sent, err
	}
	// The report may arrive before the train ends, when it has enough data.
	waiting, stopWaiting := context.WithCancel(ctx)
	defer stopWaiting()
	run := make(chan error, 1)
	go func() { // ends with the train
		var err error
		sent, err = tx.Run(ctx)
		run <- err
		if err != nil || s.Sleep(waiting, answerTimeout) == nil {
			stopWaiting()
		}
	}()
	m, err := s.answer(waiting, ch, trainTimeout)
	tx.Stop()
	if e := <-run; e != nil {
		return wire.TrainReport{}, sent, e
	}
	switch {
	case err == nil:
	case waiting.Err() != nil && ctx.Err() == nil:
		return wire.TrainReport{}, sent, &link.Error{Reason: link.ReasonSilent, Server: s.Config.Server, Err: fmt.Errorf("no report of a train within %v", answerTimeout)}
	default:
		return wire.TrainReport{}, sent, err
	}
	if m.TrainReport == nil || m.TrainReport.Train != r.Train || train.ValidateReport(*m.TrainReport) != nil {
		return wire.TrainReport{}, sent, &link.Error{Reason: link.ReasonProtocol, Server: s.Config.Server, Err: errors.New("a train without its report")}
	}
	return *m.TrainReport, sent, nil
}

func (s *Session) trainDown(ctx context.Context, r wire.TrainRequest) (wire.TrainReport, error) {
	_, noise := s.Monitor.Received()
	rx := train.NewReceiver(r, noise, s.ipv6)
	s.mu.Lock()
	s.receiver = rx // kept until the next train: it continues to stop a sender that missed the feedback
	s.mu.Unlock()
	ch, release, err := s.request(wire.Message{Type: wire.TypeTrainRequest, TrainRequest: &r})
	if err != nil {
		return wire.TrainReport{}, err
	}
	defer release()
	if _, err := s.answer(ctx, ch, answerTimeout); err != nil {
		return wire.TrainReport{}, err
	}
	began := s.Config.Clock.Now()
	tick := time.NewTicker(pollTrain)
	defer tick.Stop()
	for {
		now := s.Config.Clock.Now()
		s.mu.Lock()
		over := rx.Over(now) || !rx.Started() && now-began > trainSilence
		s.mu.Unlock()
		if over {
			break
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return wire.TrainReport{}, ctx.Err()
		case <-s.done:
			return wire.TrainReport{}, s.Err()
		}
	}
	s.mu.Lock()
	report := rx.Report()
	s.mu.Unlock()
	if !r.Measures() {
		return report, nil // the server has no use for it
	}
	return report, s.send(wire.Message{Type: wire.TypeTrainReport, TrainReport: &report})
}
