package train

import (
	"context"
	"encoding/binary"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe/clock"
	"examlink/probe/ippm"
	"examlink/probe/netsim"
	"examlink/probe/wire"
)

const ms = time.Millisecond

func floor(target float64) wire.TrainRequest {
	return wire.TrainRequest{
		Train: 1, Direction: wire.Down, PrimeRate: 8 * target, PrimeBytes: 100e3, HoldRate: target,
		HoldTime: 300 * ms, MaxBytes: 160e3, PacketSize: 1200, StopRise: 30 * ms, Target: target,
	}
}

// run sends a train over a simulated link, with feedback the other way. It
// must be called in a bubble.
func run(t *testing.T, req wire.TrainRequest, p netsim.Params, seed uint64) (wire.TrainReport, Sent, netsim.Counters) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	host, far := netsim.NewClock(0, 0), netsim.NewClock(-time.Hour, 50e-6)
	s := &Sender{Request: req, Clock: host, Waiter: clock.NewTimerWaiter(host)}
	rx := NewReceiver(req, p.Jitter, false)
	var mu sync.Mutex // of rx
	done := make(chan struct{})
	back := netsim.NewPipe(netsim.Params{Delay: p.Delay}, seed, func(b []byte) {
		f, _ := wire.ParseFeedback(b)
		s.Feedback(f)
	})
	forth := netsim.NewPipe(p, seed, func(b []byte) {
		size := int(binary.BigEndian.Uint16(b))
		tp, err := wire.ParseTrain(b[2:])
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		if e, err := wire.ParseTrainEnd(b[2:]); err == nil && tp.Stage == wire.StageEnd {
			rx.End(tp.Train, e)
		}
		f, ok := rx.Arrive(tp, far.Now(), size, 0, 0)
		mu.Unlock()
		if ok {
			back.Send(wire.AppendFeedback(nil, f), wire.MinPacketSize+28)
		}
	})
	s.SendEnd = func(tp wire.TrainPacket, e wire.TrainEnd) error {
		size := wire.TrainEndSize(len(e.Held))
		forth.Send(wire.AppendTrainEnd(binary.BigEndian.AppendUint16(nil, uint16(size)), tp, e), size+28)
		return nil
	}
	s.Send = func(tp wire.TrainPacket, size int) error {
		b := binary.BigEndian.AppendUint16(nil, uint16(size))
		forth.Send(wire.AppendTrain(b, tp), size+28)
		return nil
	}
	go forth.Run(ctx)
	go back.Run(ctx)
	var sent Sent
	go func() {
		defer close(done)
		var err error
		if sent, err = s.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	<-done
	over := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return rx.Over(far.Now())
	}
	for !over() {
		time.Sleep(50 * ms)
	}
	cancel()
	synctest.Wait()
	return rx.Report(), sent, forth.Counters()
}

func TestFloorTrainClassifies(t *testing.T) {
	const target = 0.768e6
	right, n := 0, 0
	for _, rate := range []float64{0.5, 0.7, 0.975, 1.025, 1.1, 1.5, 3, 20} {
		for _, bucket := range []int{0, 5000, 16000, 64000} {
			for _, rtt := range []time.Duration{10 * ms, 50 * ms, 100 * ms} {
				synctest.Test(t, func(t *testing.T) {
					p := netsim.Params{Rate: ippm.Rate(rate * target), Bucket: bucket, QueueTime: 500 * ms, Delay: rtt / 2}
					rep, sent, _ := run(t, floor(target), p, 1)
					n++
					ok := rep.Low != nil && (rep.High == nil || *rep.High >= target) == (rate > 1)
					if rep.Rate != nil {
						ok = (*rep.Rate > target) == (rate > 1)
					}
					if ok {
						right++
					} else {
						t.Logf("rate %.3f bucket %d rtt %v: %+v sent %+v", rate, bucket, rtt, rep, sent)
					}
					if sent.Bytes > 160e3 {
						t.Errorf("%d bytes, over the cap", sent.Bytes)
					}
				})
			}
		}
	}
	if right != n {
		t.Errorf("%d of %d right", right, n)
	}
}

func TestTrainEndsEarlyOnAFastLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rep, sent, _ := run(t, floor(0.768e6), netsim.Params{Rate: ippm.Rate(50e6), Delay: 20 * ms}, 1)
		if rep.Outcome != "bound" || rep.Rate != nil || rep.High != nil {
			t.Errorf("a link that did not fill gave %+v", rep)
		}
		if sent.Whole > 400*ms || sent.Bytes > 110e3 {
			t.Errorf("took %v and %d bytes", sent.Whole, sent.Bytes)
		}
	})
}

func TestHoldAtTheReceiversReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		req := wire.TrainRequest{
			Train: 1, Direction: wire.Up, PrimeRate: 20e6, PrimeBytes: 400e3, HoldTime: 500 * ms,
			MaxBytes: 2e6, PacketSize: 1200, StopRise: 30 * ms,
		}
		rep, _, c := run(t, req, netsim.Params{Rate: ippm.Rate(10e6), QueueTime: time.Second, Delay: 20 * ms}, 1)
		if rep.Rate == nil || math.Abs(*rep.Rate/10e6-1) > 0.005 {
			t.Errorf("10 Mbit/s read as %+v", rep)
		}
		if c.MaxWait > 150*ms {
			t.Errorf("the hold let the queue grow to %v", c.MaxWait)
		}
	})
}

func TestTrainOnADeadLinkEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := netsim.NewClock(0, 0)
		s := &Sender{Request: floor(0.768e6), Clock: host, Waiter: clock.NewTimerWaiter(host),
			Send:    func(wire.TrainPacket, int) error { return nil },
			SendEnd: func(wire.TrainPacket, wire.TrainEnd) error { return nil }}
		start := time.Now()
		if _, err := s.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(start); d > time.Second {
			t.Errorf("a train nobody answers took %v", d)
		}
		rx := NewReceiver(floor(0.768e6), 0, false)
		if rep := rx.Report(); rep.Outcome != "too-few-packets" || rep.Low != nil {
			t.Errorf("nothing arrived: %+v", rep)
		}
	})
}

func TestValidateNamesTheField(t *testing.T) {
	if err := Validate(floor(1e6)); err != nil {
		t.Fatal(err)
	}
	for field, change := range map[string]func(*wire.TrainRequest){
		"train:":       func(r *wire.TrainRequest) { r.Train = 0 },
		"direction:":   func(r *wire.TrainRequest) { r.Direction = "sideways" },
		"prime_rate:":  func(r *wire.TrainRequest) { r.PrimeRate = math.NaN() },
		"hold_rate:":   func(r *wire.TrainRequest) { r.HoldRate = -1 },
		"hold_first:":  func(r *wire.TrainRequest) { r.HoldFirst = -1 },
		"target:":      func(r *wire.TrainRequest) { r.Target = math.Inf(1) },
		"hold_time:":   func(r *wire.TrainRequest) { r.HoldTime = time.Hour },
		"packet_size:": func(r *wire.TrainRequest) { r.PacketSize = 9000 },
		"prime_bytes:": func(r *wire.TrainRequest) { r.PrimeBytes = 0 },
		"max_bytes:":   func(r *wire.TrainRequest) { r.MaxBytes = 1 << 50 },
		"stop_rise:":   func(r *wire.TrainRequest) { r.StopRise = 0 },
	} {
		r := floor(1e6)
		change(&r)
		if err := Validate(r); err == nil || !strings.HasPrefix(err.Error(), field) {
			t.Errorf("%s error %v", field, err)
		}
	}
}
