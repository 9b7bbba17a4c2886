package browser

import (
	"testing"
	"time"

	"examlink/probe/wire"
)

// readAs returns what was read of a train of 100 packets that the browser held back for a
// time and that arrived in groups: so many together, and then a pause. They waited behind
// a queue of so many packets, once that had grown.
func readAs(rate float64, held time.Duration, group, queue int) (upTrain, wire.TrainReport) {
	took := time.Duration(float64(8*(TrainPacket+28)) / rate * float64(time.Second))
	u := upTrain{left: map[uint32]int64{}}
	for i := range 100 {
		at := time.Duration(i/group*group)*took + time.Duration(i%group)*took/4
		sent := at - 50*time.Millisecond - time.Duration(min(i/2, queue))*took + time.Second
		u.arrivals = append(u.arrivals, upArrival{p: wire.TrainPacket{Index: uint32(i), Sent: wire.Stamp(sent)}, at: at + time.Second, size: TrainPacket})
		u.left[uint32(i)] = (sent + held).Microseconds()
	}
	return u, wire.TrainReport{Rate: &rate}
}

func TestShaped(t *testing.T) {
	for _, c := range []struct {
		name         string
		held         time.Duration
		group, queue int
		want         bool
	}{
		{"a full link", 0, 1, 20, false},
		{"a full link behind a browser that holds packets back", 500 * time.Millisecond, 1, 20, false},
		{"groups that the link made, as of a busy radio", time.Millisecond, 4, 20, false},
		{"groups as congestion control sends them", 100 * time.Millisecond, 4, 20, true},
		{"packets as congestion control paces them, which find no queue", 500 * time.Millisecond, 1, 0, true},
	} {
		for _, rate := range []float64{0.3e6, 2e6, 20e6} {
			held := c.held
			if c.want { // the limit counts in packets, too
				held = max(held, time.Duration(4*8*(TrainPacket+28)/rate*float64(time.Second)))
			}
			u, r := readAs(rate, held, c.group, c.queue)
			if got := u.shaped(r, false); got != c.want {
				t.Errorf("%s at %g Mbit/s: shaped %v, expected %v", c.name, rate/1e6, got, c.want)
			}
		}
	}
	if u, r := readAs(1e6, time.Second, 4, 0); u.shaped(wire.TrainReport{Low: r.Rate}, false) {
		t.Error("a bound is shaped")
	}
}
