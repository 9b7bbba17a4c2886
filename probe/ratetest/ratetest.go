// Package ratetest measures rates with trains: whether the rate is at least the
// minimum (the floor test), the rate itself (the capacity search), and the rate of
// one stream (goodput).
// It does not know connections: a Runner runs the trains.
package ratetest

import (
	"context"
	"time"

	"examlink/probe/link"
	"examlink/probe/train"
	"examlink/probe/wire"
)

// Runner runs trains over one connection, one at a time. session.Session implements it.
type Runner interface {
	// RunTrain runs a train and returns its receiver's report and, if this host was
	// the sender, what it sent. An error means that nothing was measured.
	RunTrain(ctx context.Context, r wire.TrainRequest) (wire.TrainReport, train.Sent, error)
	// Traits returns what the transport hides and adds.
	Traits() link.Traits
	// Grant returns what the server allows.
	Grant() wire.Grant
	// TrainPacket returns the UDP payload of a train's packets, in bytes.
	TrainPacket() int
	// Now returns the time of this host's monotonic clock.
	Now() time.Duration
}

// Streamer carries streams of bytes over one connection. session.Session implements it.
type Streamer interface {
	// Stream sends or fetches one stream and returns its receiver's count.
	Stream(ctx context.Context, q wire.Goodput) (wire.Goodput, error)
	// Traits returns what the transport hides and adds.
	Traits() link.Traits
}

// WhyRateHidden explains a rate that is only a bound because the transport hides losses.
const WhyRateHidden = "over TCP only a lower bound can be measured; the link may carry more"
