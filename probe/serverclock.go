package probe

import (
	"context"
	"time"

	"examlink/probe/clock"
	"examlink/probe/session"
	"examlink/probe/wire"
)

// ClockWrong is the difference from which a computer's wall clock counts as wrong: a
// certificate or an exam's window may hang on it. Chosen by us.
const ClockWrong = 2 * time.Minute

// ServerClock asks the server for its time and returns how far it is ahead of this
// computer's wall clock, give or take half a round trip.
func ServerClock(ctx context.Context, o Options) (ahead time.Duration, err error) {
	token, err := o.validate()
	if err != nil {
		return 0, err
	}
	config := o.connection()
	s, err := session.Dial(ctx, &config, token, wire.PurposeCheck, session.Earlier{}, 0)
	if err != nil {
		return 0, err
	}
	ahead = aheadOf(s, o)
	s.Close(true)
	return ahead, nil
}

// GoBy makes wall-clock times those of a server whose clock is ahead of this
// computer's by ahead.
func (o *Options) GoBy(ahead time.Duration) {
	if o.Clock == nil {
		o.Clock = clock.NewSystem()
	}
	o.Clock = clock.Shifted{Clock: o.Clock, By: ahead}
}

// aheadOf returns how far the server's clock was ahead when the session opened.
func aheadOf(s *session.Session, o Options) time.Duration {
	ahead := s.Welcome.Time.Sub(o.Clock.Wall())
	if rtt, ok := s.Monitor.RoundTrip(); ok {
		ahead += rtt / 2
	}
	return ahead
}
