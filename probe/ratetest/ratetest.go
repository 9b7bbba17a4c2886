// Package ratetest measures rates with trains: is the rate at least the minimum
// (the floor test), what is the rate (the capacity search), and what does one
// stream carry (goodput).
//
// It refuses to know connections: a Runner runs the trains.
package ratetest

import (
	"context"
	"time"

	"examlink/probe/link"
	"examlink/probe/train"
	"examlink/probe/wire"
)

// Runner runs trains over one connection, one at a time. session.Session is one.
type Runner interface {
	// RunTrain runs a train and returns what its receiver saw, and what this host
	// did as its sender if it was that. An error means that nothing was measured.
	RunTrain(ctx context.Context, r wire.TrainRequest) (wire.TrainReport, train.Sent, error)
	// Traits says what the transport hides and adds.
	Traits() link.Traits
	// Grant is what the server allows.
	Grant() wire.Grant
	// TrainPacket is the UDP payload of a train's packets, in bytes.
	TrainPacket() int
	// Now is the time of this host's monotonic clock.
	Now() time.Duration
}

// Streamer carries streams of bytes over one connection. session.Session is one.
type Streamer interface {
	// Stream sends or fetches one stream and returns what its receiver counted.
	Stream(ctx context.Context, q wire.Goodput) (wire.Goodput, error)
	// Traits says what the transport hides and adds.
	Traits() link.Traits
}

// WhyRateHidden says why a rate is a bound where a transport hides losses.
const WhyRateHidden = "by TCP it is only known what got through; the link may carry more"
