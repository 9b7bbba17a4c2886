package browser

import (
	"context"
	"slices"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/train"
	"examlink/probe/wire"
)

// Chosen by us.
const (
	// A browser has shaped a train if it held a packet back for heldMost and for
	// heldPackets times the time that the rate read takes for one, and if more than
	// closeMost of the packets follow the one before in less than closeShare of that time:
	// behind a link that is full they cannot. Measured with Chromium 156: 0.34 to 0.6 of
	// them where its congestion control was the limit, 0 to 0.24 where the link was.
	heldMost    = 20 * time.Millisecond
	heldPackets = 3
	closeMost   = 0.3
	closeShare  = 0.6
	// A link that was full had a queue: of less than stoodLeast packets it was none.
	stoodLeast = 3
	standShare = 0.25
	maxLeft    = 1 << 16 // packets of a train that are kept
)

// upTrain is what the page said of the train that it sent.
type upTrain struct {
	ended    bool
	left     map[uint32]int64 // when packets left the browser, by its clock, microseconds
	arrivals []upArrival
	end      wire.TrainEnd
}

// upArrival is a packet of a train going up as it arrived.
type upArrival struct {
	p     wire.TrainPacket
	at    time.Duration
	size  int
	other int64
}

// runUp has the page send a train. The receiver it returns has the times at which packets
// left the browser, whose congestion control may have held them back, if they are known.
func (l *Line) runUp(ctx context.Context, r wire.TrainRequest, live *train.Receiver, noise time.Duration) (rx *train.Receiver, known bool, err error) {
	if err := l.o.Send(wire.Message{Type: wire.TypeTrainRequest, TrainRequest: &r}); err != nil {
		return live, false, l.broken(err)
	}
	if err := l.await(ctx, live, func() bool { return false }); err != nil {
		return live, false, err
	}
	ended := func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.up.ended
	}
	for until := l.Now() + trainSilence; !ended(); {
		if l.Now() >= until {
			return live, false, nil
		}
		if err := l.Sleep(ctx, pollTrain); err != nil {
			return live, false, err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.up.left) == 0 {
		return live, false, nil
	}
	rx = train.NewReceiver(r, noise, l.ipv6)
	for _, x := range l.up.arrivals {
		if at, ok := l.up.left[x.p.Index]; ok {
			x.p.Sent = wire.Stamp(at * int64(time.Microsecond))
		}
		rx.Arrive(x.p, x.at, x.size, x.other, 0)
	}
	rx.End(r.Train, wire.TrainEnd{Packets: l.up.end.Packets, Unsent: l.up.end.Unsent})
	return rx, !l.up.shaped(rx.Report(), l.ipv6), nil
}

// trainPacket handles a packet of a train going up. What else the connection carried
// counts, too: acknowledgements and retransmissions use the link as the train does.
func (l *Line) trainPacket(p wire.TrainPacket, body []byte, d link.Datagram) {
	_, in := l.o.Conn.Control()
	l.mu.Lock()
	size := int64(ippm.IPSize(len(d.Data), l.ipv6))
	if l.receiver == nil {
		l.mu.Unlock()
		return
	}
	if p.Stage == wire.StageEnd {
		if e, err := wire.ParseTrainEnd(body); err == nil {
			l.receiver.End(p.Train, wire.TrainEnd{Packets: e.Packets, Unsent: e.Unsent})
			l.up.end = e
		}
	}
	l.counted += size
	other := int64(0)
	if !l.o.Conn.Traits().HidesLoss {
		other = in - l.counted
	}
	if p.Train == l.train && len(l.up.arrivals) < maxLeft {
		l.up.arrivals = append(l.up.arrivals, upArrival{p, d.At, len(d.Data), other})
	}
	f, send := l.receiver.Arrive(p, d.At, len(d.Data), other, 0)
	l.mu.Unlock()
	if send {
		b := l.packet(wire.KindFeedback, l.number(wire.KindFeedback), wire.MinPacketSize, func(b []byte) []byte { return wire.AppendFeedback(b, f) })
		_ = l.send(b)
	}
}

// departed notes when packets of a train going up left the browser.
func (l *Line) departed(a wire.Arrivals) {
	if l.up.left == nil {
		l.up.left = map[uint32]int64{}
	}
	for i, before := range a.At {
		if before != wire.NoArrival && len(l.up.left) < maxLeft {
			l.up.left[a.First+uint32(i)] = a.Now - int64(before)
		}
	}
	l.up.ended = l.up.ended || a.Ended
}

// shaped reports whether what was read is the rate of the browser's congestion control
// rather than the link's: it held packets back, and they came through bunched, or no queue stood
// on the link by the times at which they left.
func (u *upTrain) shaped(r wire.TrainReport, ipv6 bool) bool {
	if r.Rate == nil {
		return false
	}
	held, near, size := time.Duration(0), 0, 0
	for _, x := range u.arrivals {
		size = max(size, x.size) // those that end a train are smaller
	}
	took := ippm.Rate(*r.Rate).Time(ippm.IPSize(size, ipv6))
	var delays []time.Duration // from the browser to here, by two clocks
	for i, x := range u.arrivals {
		if left, ok := u.left[x.p.Index]; ok {
			at := time.Duration(left) * time.Microsecond
			held = max(held, at-time.Duration(x.p.Sent))
			delays = append(delays, x.at-at)
		}
		if i > 0 && float64(x.at-u.arrivals[i-1].at) < closeShare*float64(took) {
			near++
		}
	}
	if held <= max(heldMost, heldPackets*took) {
		return false
	}
	return float64(near) > closeMost*float64(len(u.arrivals)) || standing(delays) < stoodLeast*took
}

// standing returns the queue that stood in the second half of a train: by how much even its
// short delays, the standShare quantile, were above the shortest of all.
func standing(delays []time.Duration) time.Duration {
	if len(delays) < 2 {
		return 0
	}
	late := slices.Clone(delays[len(delays)/2:])
	slices.Sort(late)
	return late[int(standShare*float64(len(late)))] - slices.Min(delays)
}
