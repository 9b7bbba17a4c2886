package train

import (
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe/clock"
	"examlink/probe/netsim"
	"examlink/probe/wire"
)

// A train to a receiver from which nothing comes, or nothing more, ends soon: it is
// not for an address that does not want it.
func TestUnheardTrainEnds(t *testing.T) {
	for name, c := range map[string]struct {
		hears time.Duration // until when feedback comes; 0: never
		most  time.Duration
		bytes int64
	}{
		"nobody there": {0, unheardFirst + time.Second, unheardBytes + 2000},
		"gone":         {300 * ms, 300*ms + unheard + time.Second, 3e6},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				host := netsim.NewClock(0, 0)
				s := &Sender{
					Request: wire.TrainRequest{Train: 1, Direction: wire.Down, PrimeRate: 10e6, PrimeBytes: 25e6, MaxBytes: 25e6, PacketSize: 1200, StopRise: 30 * ms},
					Clock:   host, Waiter: clock.NewTimerWaiter(host),
					SendEnd: func(wire.TrainPacket, wire.TrainEnd) error { return nil },
				}
				began := host.Now()
				s.Send = func(p wire.TrainPacket, _ int) error {
					if host.Now()-began < c.hears {
						s.Feedback(wire.Feedback{Train: p.Train})
					}
					return nil
				}
				sent, err := s.Run(t.Context())
				if err != nil || sent.Whole > c.most || sent.Bytes > c.bytes {
					t.Errorf("%d bytes in %v, %v; want at most %d in %v", sent.Bytes, sent.Whole, err, c.bytes, c.most)
				}
			})
		})
	}
}
