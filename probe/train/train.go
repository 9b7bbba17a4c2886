// Package train runs trains: paced packets that fill a bottleneck just long enough to
// read its rate. A train has a prime above the rate in question, until the one-way
// delay rises, then a hold at that rate. The sender paces and obeys; the receiver
// watches the delay, commands, and counts.
// It does not know the network or the verdict: packets go out through one function,
// arrivals come in through another, and callers judge the rate.
package train

import (
	"fmt"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/wire"
)

// Bounds of a train; a request outside them is refused.
const (
	MinPacket  = wire.MinPacketSize
	MaxPacket  = wire.MaxPacketSize
	MaxRate    = 2e9 // bit/s
	MaxHold    = 10 * time.Second
	MinRise    = time.Millisecond
	MaxRise    = time.Second
	maxPackets = 1 << 20
)

// Validate checks a request and names the first invalid field.
func Validate(r wire.TrainRequest) error {
	switch {
	case r.Train == 0:
		return fmt.Errorf("train: 0, expected a number above 0")
	case r.Direction != wire.Up && r.Direction != wire.Down:
		return fmt.Errorf("direction: %q, expected %q or %q", r.Direction, wire.Up, wire.Down)
	case !(r.PrimeRate > 0 && r.PrimeRate <= MaxRate):
		return fmt.Errorf("prime_rate: %v, expected above 0 and at most %v bit/s", r.PrimeRate, MaxRate)
	case !(r.HoldRate >= 0 && r.HoldRate <= MaxRate):
		return fmt.Errorf("hold_rate: %v, expected 0 to %v bit/s", r.HoldRate, MaxRate)
	case !(r.HoldFirst >= 0 && r.HoldFirst <= MaxRate):
		return fmt.Errorf("hold_first: %v, expected 0 to %v bit/s", r.HoldFirst, MaxRate)
	case !(r.Target >= 0 && r.Target <= MaxRate):
		return fmt.Errorf("target: %v, expected 0 to %v bit/s", r.Target, MaxRate)
	case r.HoldTime < 0 || r.HoldTime > MaxHold:
		return fmt.Errorf("hold_time: %v, expected 0 to %v", r.HoldTime, MaxHold)
	case r.PacketSize < MinPacket || r.PacketSize > MaxPacket:
		return fmt.Errorf("packet_size: %d, expected %d to %d", r.PacketSize, MinPacket, MaxPacket)
	case r.PrimeBytes <= 0 || r.MaxBytes < r.PrimeBytes:
		return fmt.Errorf("prime_bytes: %d of max_bytes %d, expected 0 < prime_bytes <= max_bytes", r.PrimeBytes, r.MaxBytes)
	case r.MaxBytes/int64(r.PacketSize) > maxPackets:
		return fmt.Errorf("max_bytes: %d, expected at most %d packets", r.MaxBytes, maxPackets)
	case r.PrimeRate < float64(r.PacketSize)*8, r.HoldRate > 0 && r.HoldRate < float64(r.PacketSize)*8:
		return fmt.Errorf("prime_rate, hold_rate: %v, %v, expected a packet of %d bytes a second at least", r.PrimeRate, r.HoldRate, r.PacketSize)
	case r.StopRise < MinRise || r.StopRise > MaxRise:
		return fmt.Errorf("stop_rise: %v, expected %v to %v", r.StopRise, MinRise, MaxRise)
	}
	return nil
}

// ValidateReport checks that a received report contains the numbers that its outcome
// requires.
func ValidateReport(r wire.TrainReport) error {
	good := func(v *float64) bool { return v != nil && *v > 0 && *v <= MaxRate*10 }
	switch ippm.Outcome(r.Outcome) {
	case ippm.OutcomeEstimate:
		if !good(r.Rate) || r.Low == nil || *r.Low < 0 || !good(r.High) || !(r.StdErr > 0) {
			return fmt.Errorf("train report: an estimate without its numbers")
		}
	case ippm.OutcomeBound:
		if r.Low == nil || !(*r.Low >= 0) {
			return fmt.Errorf("train report: a bound without its number")
		}
	case ippm.OutcomeLossy, ippm.OutcomeSparse: // no numbers required, as for an outcome of a later version
	}
	return nil
}
