package train_test

import (
	"testing"
	"time"

	"examlink/probe/train"
	"examlink/probe/wire"
)

// On a path that reorders, packets that arrive after the end of their train are part
// of it; on a quiet path the receiver does not wait.
func TestStragglersCount(t *testing.T) {
	const ms = time.Millisecond
	r := wire.TrainRequest{
		Train: 1, Direction: wire.Up, PrimeRate: 1e6, PrimeBytes: 12e3, MaxBytes: 12e3, PacketSize: 600, StopRise: 15 * ms,
	}
	for _, c := range []struct {
		name  string
		noise time.Duration
		late  time.Duration // how long behind the end the stragglers come
		want  int
	}{
		{"noisy", 15 * ms, 60 * ms, 20},
		{"noisy, too late", 15 * ms, 400 * ms, 17},
		{"quiet", 0, 60 * ms, 17},
	} {
		t.Run(c.name, func(t *testing.T) {
			x := train.NewReceiver(r, c.noise, false)
			arrive := func(index uint32, at time.Duration, stage wire.Stage) {
				x.Arrive(wire.TrainPacket{Train: 1, Index: index, Sent: wire.Stamp(time.Duration(index) * 5 * ms), Stage: stage}, at, 600, 0, 0)
			}
			for i := range uint32(20) {
				if i < 15 || i > 17 {
					arrive(i, time.Duration(i)*5*ms+20*ms, wire.StagePrime)
				}
			}
			end := 125 * ms
			x.End(1, wire.TrainEnd{Packets: 20})
			arrive(20, end, wire.StageEnd)
			if over := x.Over(end); over != (c.noise == 0) {
				t.Errorf("over when the end came: %v", over)
			}
			for i := uint32(15); i < 18; i++ {
				arrive(i, end+c.late, wire.StagePrime)
			}
			if !x.Over(end + c.late) {
				t.Error("not over although nothing is left to come")
			}
			if got := x.Report().Received; got != c.want {
				t.Errorf("%d packets received, want %d", got, c.want)
			}
		})
	}
}
