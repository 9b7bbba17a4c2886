package browser

import (
	"context"
	"time"

	"examlink/probe/clock"
	"examlink/probe/ippm"
	"examlink/probe/train"
	"examlink/probe/wire"
)

// downTrain is what is known of the packets of a train going down.
type downTrain struct {
	packets []wire.TrainPacket // sent, by index
	other   []int64            // the connection's other bytes when each was sent
	offset  time.Duration      // from the page's clock to this host's
	begun   bool
	end     wire.TrainEnd
	left    []time.Duration // when each left this host, as far as it is seen
}

// runDown sends a train. known says that it was seen when packets left this host.
func (l *Line) runDown(ctx context.Context, r wire.TrainRequest, rx *train.Receiver) (sent train.Sent, known bool, err error) {
	w, err := l.o.NewWaiter(l.o.Clock)
	if err != nil {
		return sent, false, err
	}
	defer w.Close()
	d := &downTrain{}
	tx := l.downSender(r, d, w)
	l.mu.Lock()
	l.sender, l.down = tx, d
	l.mu.Unlock()
	if err := l.o.Send(wire.Message{Type: wire.TypeTrainRequest, TrainRequest: &r}); err != nil {
		return sent, false, l.broken(err)
	}
	stop, known := l.o.Conn.WatchDepartures(func(at time.Duration, size int) {
		if size < r.PacketSize {
			return
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		d.left = append(d.left, at)
	})
	if known {
		defer stop()
	}
	run := make(chan error, 1)
	over := make(chan struct{})
	go func() { // ends with the train, or with ctx
		defer close(over)
		var err error
		sent, err = tx.Run(ctx)
		run <- err
	}()
	err = l.await(ctx, rx, func() bool {
		select {
		case <-over:
			return false
		default:
			return true
		}
	})
	tx.Stop()
	if e := <-run; err == nil {
		err = e
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sender = nil
	return sent, known, err
}

// downSender returns the sender of a train going down.
func (l *Line) downSender(r wire.TrainRequest, d *downTrain, w clock.Waiter) *train.Sender {
	size := int64(ippm.IPSize(r.PacketSize, l.ipv6))
	before, _ := l.o.Conn.Control()
	return &train.Sender{
		Request: r, IPv6: l.ipv6, Clock: l.o.Clock, Waiter: w,
		Send: func(p wire.TrainPacket, payload int) error {
			out, _ := l.o.Conn.Control()
			l.mu.Lock()
			handed := int64(len(d.packets)) * size
			d.packets, d.other = append(d.packets, p), append(d.other, max(out-before-handed, 0))
			l.mu.Unlock()
			b := l.packet(wire.KindTrain, l.number(wire.KindTrain), payload, func(b []byte) []byte { return wire.AppendTrain(b, p) })
			err := l.send(b)
			if err == nil {
				l.mu.Lock()
				l.handed += size
				l.mu.Unlock()
			}
			return err
		},
		SendEnd: func(p wire.TrainPacket, e wire.TrainEnd) error {
			l.mu.Lock()
			d.end = wire.TrainEnd{Packets: e.Packets, Unsent: e.Unsent} // what waited here is seen by when it left
			l.mu.Unlock()
			b := l.packet(wire.KindTrain, l.number(wire.KindTrain), wire.TrainEndSize(len(e.Held)), func(b []byte) []byte { return wire.AppendTrainEnd(b, p, e) })
			return l.send(b)
		},
	}
}

// arrivals handles the page's account of a train.
func (l *Line) arrivals(a wire.Arrivals) {
	now := l.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if a.Train != l.train || l.receiver == nil {
		return
	}
	d := l.down
	if d == nil {
		l.departed(a)
		return
	}
	if !d.begun {
		d.begun, d.offset = true, now-time.Duration(a.Now)*time.Microsecond
	}
	for i, before := range a.At {
		index := int64(a.First) + int64(i)
		if before == wire.NoArrival || index >= int64(len(d.packets)) {
			continue
		}
		at := time.Duration(a.Now-int64(before))*time.Microsecond + d.offset
		p := d.packets[index]
		if index < int64(len(d.left)) {
			p.Sent = wire.Stamp(d.left[index])
		}
		f, send := l.receiver.Arrive(p, at, TrainPacket, d.other[index], 0)
		if send && l.sender != nil {
			l.sender.Feedback(f)
		}
	}
	if a.Ended {
		l.receiver.End(a.Train, d.end)
		l.receiver.Arrive(wire.TrainPacket{Train: a.Train, Index: uint32(len(d.packets)), Stage: wire.StageEnd}, time.Duration(a.Now)*time.Microsecond+d.offset, 0, 0, 0)
	}
}
