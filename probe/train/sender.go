package train

import (
	"context"
	"fmt"
	"sync"
	"time"

	"examlink/probe/clock"
	"examlink/probe/ippm"
	"examlink/probe/wire"
)

// Chosen by us.
const (
	// grace is how long a sender whose prime reached its cap continues at the hold
	// rate while it waits for the receiver's command.
	grace = 300 * time.Millisecond
	// maxLag is how far a sender catches up with its schedule after the host
	// delayed it; what is further behind is never sent.
	maxLag = 10 * time.Millisecond
	// endPackets is the number of packets that end the train; several, in case some
	// are lost.
	endPackets  = 3
	endInterval = 5 * time.Millisecond
	// heldLeast is how long a send call must take for its packet to count as held:
	// above the usual time on an ordinary host, below what would look like a queue.
	heldLeast = 500 * time.Microsecond
	// Nobody listens if no feedback has come for unheardFirst, or for unheard after
	// the last, or on unheardBytes: long queues delay the first.
	unheardFirst = 5 * time.Second
	unheard      = 2 * time.Second
	unheardBytes = 2e6
)

// Sender sends one train.
type Sender struct {
	Request wire.TrainRequest
	IPv6    bool // for the size of headers
	Clock   clock.Clock
	Waiter  clock.Waiter
	// Send seals and sends a packet with size bytes of UDP payload. An error means
	// that it did not leave the host.
	Send func(p wire.TrainPacket, size int) error
	// Other, if set, returns how many bytes other programs of this host have sent.
	Other func() uint64
	// SendEnd seals and sends an end packet.
	SendEnd func(p wire.TrainPacket, e wire.TrainEnd) error

	mu       sync.Mutex
	feedback wire.Feedback
	heard    bool          // any feedback of this train
	heardAt  time.Duration // the last
}

// Sent is the account of a sender.
type Sent struct {
	Packets int           // left the host
	Unsent  int           // the host refused
	Held    []wire.Held   // packets whose send call took long: they may have left late
	Bytes   int64         // at the IP layer
	Behind  time.Duration // furthest lag behind the schedule
	Skipped time.Duration // schedule skipped because the host was too late
	Prime   time.Duration // duration of the prime
	Whole   time.Duration
}

// Feedback handles the receiver's latest feedback. Commands only ever rise.
func (s *Sender) Feedback(f wire.Feedback) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.Train != s.Request.Train {
		return
	}
	s.heard, s.heardAt = true, s.Clock.Now()
	if f.Command >= s.feedback.Command {
		s.feedback = f
	}
}

// silent reports whether nobody seems to receive the train that began at start, of
// which bytes are sent.
func (s *Sender) silent(start time.Duration, bytes int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Clock.Now()
	if s.heard {
		return now-s.heardAt > unheard
	}
	return now-start > unheardFirst || bytes > unheardBytes
}

// Stop ends the train, because its result is known.
func (s *Sender) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.feedback.Command = wire.CommandStop
}

func (s *Sender) latest() wire.Feedback {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.feedback
}

// Run sends the train and returns when it is over or ctx ends.
func (s *Sender) Run(ctx context.Context) (Sent, error) {
	var (
		r       = s.Request
		size    = ippm.IPSize(r.PacketSize, s.IPv6)
		rate    = ippm.Rate(r.PrimeRate)
		stage   = wire.StagePrime
		start   = s.Clock.Now()
		next    = start
		until   time.Duration // end of the hold
		settled bool          // the receiver has asked for the hold
		sent    Sent
		i       uint32
	)
	for ; ; i++ {
		if err := s.Waiter.Wait(ctx, next); err != nil {
			return sent, fmt.Errorf("train %d: %w", r.Train, err)
		}
		now := s.Clock.Now()
		fb := s.latest()
		if fb.Command == wire.CommandStop || sent.Bytes+int64(size) > r.MaxBytes || stage == wire.StageHold && now >= until || s.silent(start, sent.Bytes) {
			break
		}
		if stage == wire.StagePrime && (fb.Command == wire.CommandHold || sent.Bytes >= r.PrimeBytes) {
			stage, until = wire.StageHold, now+grace
			sent.Prime = now - start
			rate = s.holdRate(fb)
			next = now
		}
		if stage == wire.StageHold && fb.Command == wire.CommandHold {
			if !settled {
				settled, until = true, now+r.HoldTime
			}
			rate = s.holdRate(fb)
		}
		var other uint64
		if s.Other != nil {
			other = s.Other()
		}
		stamp := s.Clock.Now()
		p := wire.TrainPacket{Train: r.Train, Index: i, Sent: wire.Stamp(stamp), Stage: stage, Other: other}
		err := s.Send(p, r.PacketSize)
		if took := s.Clock.Now() - stamp; took > heldLeast && len(sent.Held) < wire.MaxHeld {
			sent.Held = append(sent.Held, wire.Held{Index: i, By: took})
		}
		if err != nil {
			sent.Unsent++
		} else {
			sent.Packets++
			sent.Bytes += int64(size)
		}
		next += rate.Time(size)
		if lag := now - next; lag > maxLag {
			sent.Skipped += lag
			next = now
		}
		sent.Behind = max(sent.Behind, now-next+rate.Time(size))
	}
	if stage == wire.StagePrime {
		sent.Prime = s.Clock.Now() - start
	}
	sent.Whole = s.Clock.Now() - start
	end := wire.TrainEnd{Packets: i, Unsent: uint32(sent.Unsent), Skipped: sent.Skipped, Held: sent.Held}
	for k := range endPackets {
		if err := s.Waiter.Wait(ctx, start+sent.Whole+time.Duration(k)*endInterval); err != nil {
			return sent, fmt.Errorf("train %d: %w", r.Train, err)
		}
		_ = s.SendEnd(wire.TrainPacket{Train: r.Train, Index: i, Sent: wire.Stamp(s.Clock.Now()), Stage: wire.StageEnd}, end)
	}
	return sent, nil
}

// slowest returns one packet a second, so that no reading makes a train last forever.
func (s *Sender) slowest() ippm.Rate {
	return ippm.Rate(8 * ippm.IPSize(s.Request.PacketSize, s.IPv6))
}

// holdRate returns the agreed rate, or the receiver's reading if that is lower: an
// existing queue need not grow. Without an agreed rate it returns the reading, at
// most the prime rate; before there is a reading, half the prime rate.
func (s *Sender) holdRate(fb wire.Feedback) ippm.Rate {
	switch r := s.Request; {
	case r.HoldRate > 0 && fb.Rate > 0:
		return max(ippm.Rate(min(r.HoldRate, float64(fb.Rate))), s.slowest())
	case r.HoldFirst > 0:
		return max(ippm.Rate(r.HoldFirst), s.slowest())
	case r.HoldRate > 0:
		return ippm.Rate(r.HoldRate)
	case fb.Rate > 0:
		return max(ippm.Rate(min(float64(fb.Rate), r.PrimeRate)), s.slowest())
	default:
		return ippm.Rate(r.PrimeRate / 2)
	}
}
