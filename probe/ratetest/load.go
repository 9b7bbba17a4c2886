package ratetest

import (
	"context"

	"examlink/probe/ippm"
	"examlink/probe/train"
	"examlink/probe/wire"
)

// Chosen by us.
const (
	loadMultiple = 2    // of the link's rate: its queue grows by a second in a second
	loadTime     = 1.0  // seconds; a longer queue is not filled
	loadBytes    = 1e6  // at most
	loadFull     = 0.05 // losses of this share beside a queue: the buffer is full
	loadLong     = 0.9  // of loadTime: as long a queue as is looked for
)

// Load is the result of a load that fills the bottleneck's buffer.
type Load struct {
	Direction wire.Direction
	Rise      *float64 // how far the delay rose, in seconds; nil: not loaded
	Full      bool     // the delay rose no further, or by as much as is looked for
	Bytes     int64    // IP layer, as received
	Why       string   // reason if Rise is nil
}

// FillBuffer sends or fetches a train at twice the link's rate until the delay no
// longer rises, or has risen by a second, or budget bytes are used up.
func FillBuffer(ctx context.Context, s Runner, c Capacity, budget int64) (Load, error) {
	l := Load{Direction: c.Direction}
	switch {
	case s.Traits().HidesLoss:
		l.Why = WhyRateHidden
		return l, nil
	case c.Rate.Value == nil:
		l.Why = "the link is faster than the test, which did not fill it"
		return l, nil
	}
	rate := *c.Rate.Value * loadMultiple
	bytes := min(int64(rate/8*loadTime), loadBytes, budget)
	if bytes < refineCount*int64(s.TrainPacket()) && float64(bytes) < rate/8*loadTime {
		l.Why = "the data budget is used up"
		return l, nil
	}
	rep, _, err := s.RunTrain(ctx, wire.TrainRequest{
		Direction: c.Direction, PrimeRate: rate, PrimeBytes: bytes, MaxBytes: bytes + int64(s.TrainPacket()+ipHeaders), StopRise: train.MaxRise,
	})
	if err != nil {
		return l, err
	}
	l.Bytes = rep.Bytes
	if rep.Outcome == string(ippm.OutcomeHost) || rep.Received == 0 || rep.SenderSkipped > rep.Duration/10 {
		l.Why = spoiltBy(c.Direction, rep)
		return l, nil
	}
	rise := rep.Rise.Seconds()
	l.Rise = &rise
	l.Full = float64(rep.Sent-rep.Received) > loadFull*float64(rep.Sent) || rise >= loadLong*loadTime
	return l, nil
}
