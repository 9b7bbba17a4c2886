package probe

import (
	"context"

	"examlink/probe/link"
	"examlink/probe/ratetest"
	"examlink/probe/session"
	"examlink/probe/wire"
)

// FloorTest is the part of a check that decides one direction's minimum, separated so
// that a grid of links can be classified.
func FloorTest(ctx context.Context, o Options, d wire.Direction) (ratetest.Floor, error) {
	token, err := o.validate()
	if err != nil {
		return ratetest.Floor{}, err
	}
	config := o.connection()
	s, err := session.Open(ctx, &config, token, link.UDP, "check", session.Earlier{})
	if err != nil {
		return ratetest.Floor{}, err
	}
	defer s.Close(true)
	s.SetInterval(o.Check.IdleInterval)
	if err := s.Sleep(ctx, o.Check.IdleTime); err != nil {
		return ratetest.Floor{}, err
	}
	s.SetInterval(o.Check.LoadInterval)
	rtt, ok := s.Monitor.RoundTrip()
	if !ok {
		rtt = ratetest.DefaultRoundTrip
	}
	_, noise := s.Monitor.Received()
	target := o.Policy.Minimum.Download
	if d == wire.Up {
		target = o.Policy.Minimum.Upload
	}
	return ratetest.RunFloor(ctx, s, ratetest.FloorPlan{Direction: d, Target: target, MaxTrains: floorTrains, RoundTrip: rtt, Noise: noise})
}
