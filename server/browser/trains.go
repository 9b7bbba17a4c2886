package browser

import (
	"context"
	"fmt"
	"math"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/session"
	"examlink/probe/train"
	"examlink/probe/wire"
)

// Chosen by us.
const (
	trainTimeout = 30 * time.Second
	trainSilence = 4 * time.Second // for a train to begin, or for its account to come
	pollTrain    = 10 * time.Millisecond
	calmAfter    = time.Second // for queues to drain after a train
	// smallTrain is the largest train that needs no share of the total rate, in bytes, as
	// in server/trains.
	smallTrain = 150e3
	busyPause  = 50 * time.Millisecond
)

// RunTrain implements probe.Line.
func (l *Line) RunTrain(ctx context.Context, r wire.TrainRequest) (wire.TrainReport, train.Sent, error) {
	ctx, cancel := context.WithTimeout(ctx, trainTimeout)
	defer cancel()
	_, noise := l.monitor.Received()
	l.mu.Lock()
	l.train++
	r.Train = l.train
	l.mu.Unlock()
	if r.PacketSize == 0 || r.PacketSize > TrainPacket {
		r.PacketSize = TrainPacket
	}
	if g := l.o.Grant.TrainBitRate; g > 0 {
		r.PrimeRate, r.HoldRate = min(r.PrimeRate, g), min(r.HoldRate, g)
	}
	if err := train.Validate(r); err != nil {
		return wire.TrainReport{}, train.Sent{}, fmt.Errorf("train: %w", err)
	}
	release, err := l.reserve(ctx, r)
	if err != nil {
		return wire.TrainReport{}, train.Sent{}, err
	}
	defer release()
	l.monitor.MarkLoaded(math.MaxInt64)
	defer func() { l.monitor.MarkLoaded(l.Now() + calmAfter) }()
	rx := train.NewReceiver(r, noise, l.ipv6)
	l.mu.Lock()
	l.receiver, l.down, l.up = rx, nil, upTrain{}
	l.mu.Unlock()
	var sent train.Sent
	var known bool // when packets left
	if r.Direction == wire.Up {
		rx, known, err = l.runUp(ctx, r, rx, noise)
	} else {
		sent, known, err = l.runDown(ctx, r, rx)
	}
	if err != nil {
		return wire.TrainReport{}, sent, err
	}
	l.mu.Lock()
	rep := rx.Report()
	l.mu.Unlock()
	if !known || l.Traits().CongestionControlled {
		rep = session.Carried(r, rep, ippm.IPSize(r.PacketSize, l.ipv6))
	}
	l.o.Reading(rep, r.Measures())
	return rep, sent, nil
}

// reserve waits until the server has a rate to spare for a train.
func (l *Line) reserve(ctx context.Context, r wire.TrainRequest) (release func(), err error) {
	rate := max(r.PrimeRate, r.HoldRate)
	if r.MaxBytes <= smallTrain {
		rate = 0
	}
	for {
		if release, ok := l.o.Reserve(rate); ok {
			return release, nil
		}
		if err := l.Sleep(ctx, busyPause); err != nil {
			return nil, err
		}
	}
}

// await waits until a train is over. running reports whether its sender still sends.
func (l *Line) await(ctx context.Context, rx *train.Receiver, running func() bool) error {
	began := l.Now()
	for {
		if running() {
			began = l.Now()
		}
		l.mu.Lock()
		now := l.Now()
		over := rx.Over(now) || !rx.Started() && now-began > trainSilence
		l.mu.Unlock()
		if over {
			return nil
		}
		if err := l.Sleep(ctx, pollTrain); err != nil {
			return err
		}
	}
}

func (l *Line) broken(err error) error {
	if ended := l.Err(); ended != nil {
		return ended
	}
	return &link.Error{Reason: link.ReasonClosed, Server: "page", Err: err}
}
