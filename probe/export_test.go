package probe

import (
	"context"

	"examlink/probe/link"
	"examlink/probe/wire"
)

// What tests derive their bounds from.
const (
	WatchTick     = watchTick
	ClockLook     = clockLook
	RedialAttempt = redialAttempt
	UDPAgain      = udpAgain
	FallbackTime  = fallbackTime
	UDPEvery      = udpEvery
	BackoffMost   = backoffMost
)

// FloorTest is the part of a check that decides one direction's minimum, by
// itself, so that a grid of links can be classified.
func FloorTest(ctx context.Context, o Options, d wire.Direction) (Floor, error) {
	token, err := o.validate()
	if err != nil {
		return Floor{}, err
	}
	s, err := open(ctx, &o, token, link.UDP, "check", earlier{})
	if err != nil {
		return Floor{}, err
	}
	defer s.close(true)
	s.setInterval(o.Check.IdleInterval)
	if err := s.sleep(ctx, o.Check.IdleTime); err != nil {
		return Floor{}, err
	}
	s.setInterval(o.Check.LoadInterval)
	rtt, ok := s.stream.roundTrip()
	if !ok {
		rtt = primeRoundTrip
	}
	_, noise := s.stream.received()
	target := o.Policy.Minimum.Download
	if d == wire.Up {
		target = o.Policy.Minimum.Upload
	}
	return s.runFloor(ctx, floorPlan{direction: d, target: target, maxTrains: floorTrains, roundTrip: rtt, noise: noise})
}
