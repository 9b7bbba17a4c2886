// Package trains runs the server's end of trains and goodput streams: it checks
// requests against the limits, sends trains going down and receives trains
// going up.
//
// It knows nothing of the use of the rates.
package trains

import (
	"context"
	"fmt"
	"sync"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/train"
	"examlink/probe/wire"
	"examlink/server/event"
	"examlink/server/reflect"
	"examlink/server/session"
)

// Chosen by us.
const (
	// trainStart bounds the time until a train going up begins, trainIdle is the
	// interval at which it is checked, and trainLimit bounds its duration.
	trainStart = 5 * time.Second
	trainIdle  = 20 * time.Millisecond
	trainLimit = 60 * time.Second
	// trainLinger is the time for which a receiver that has reported keeps sending
	// stop feedback to a sender that has not stopped.
	trainLinger = time.Second
	// trainLeast is the minimum cost of a train in bytes of the grant, even if it
	// never began.
	trainLeast = 10e3
	// smallTrain is the largest train that needs no share of the total rate: no
	// floor test is refused for others' capacity searches.
	smallTrain = 150e3
	// tokenShare is how much of the total rate the trains of one join token get.
	tokenShare = 0.5
	// trainSlack is what a train going up may take beyond its planned time: queues
	// empty slowly, and packets are late.
	trainSlack = 5 * time.Second
)

// Trains manages the trains of one session, at most one at a time. It is safe
// for concurrent use.
type Trains struct {
	manager *Manager
	session *session.Session

	mu        sync.Mutex
	spent     int64 // bytes of trains
	receiver  *train.Receiver
	done      chan struct{} // signalled when the receiver has seen the end
	reported  bool          // the receiver has reported and lingers
	streaming bool          // a goodput stream is open
	sender    *train.Sender
	awaited   *wire.TrainRequest // sent, but the client has not reported its reading yet
}

var _ reflect.Trains = (*Trains)(nil)

// Running implements reflect.Trains.
func (t *Trains) Running() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.receiver != nil || t.sender != nil
}

// Feedback implements reflect.Trains.
func (t *Trains) Feedback(f wire.Feedback) {
	t.mu.Lock()
	sender := t.sender
	t.mu.Unlock()
	if sender != nil {
		sender.Feedback(f)
	}
}

// Packet implements reflect.Trains.
func (t *Trains) Packet(p wire.TrainPacket, body []byte, d link.Datagram, other int64) (f wire.Feedback, send, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.receiver == nil {
		return f, false, false
	}
	if p.Stage == wire.StageEnd {
		if e, err := wire.ParseTrainEnd(body); err == nil {
			t.receiver.End(p.Train, e)
		}
	}
	f, send = t.receiver.Arrive(p, d.At, len(d.Data), other, 0)
	t.manager.metrics.bytesUp.Add(float64(ippm.IPSize(len(d.Data), d.From.Addr().Is6())))
	if t.receiver.Over(d.At) {
		select {
		case t.done <- struct{}{}:
		default:
		}
	}
	return f, send, true
}

// Start checks a request from a flow's connection against the grants and runs
// the train in a goroutine of wg that ends with ctx. The error is a
// *session.Refusal, or a local failure.
func (t *Trains) Start(ctx context.Context, wg *sync.WaitGroup, f *reflect.Flow, c *session.Control, msg wire.Message) error {
	r, m := *msg.TrainRequest, t.manager
	if err := train.Validate(r); err != nil {
		return &session.Refusal{Reason: wire.RefusedRequest, Detail: err.Error()}
	}
	l := m.o.Limits()
	if r.PrimeRate > l.TrainBitRate || r.HoldRate > l.TrainBitRate {
		return &session.Refusal{Reason: wire.RefusedLimit, Detail: fmt.Sprintf("a train of %.0f bit/s, expected at most %.0f", max(r.PrimeRate, r.HoldRate), l.TrainBitRate)}
	}
	noise := f.Noise()
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.session.Conn() != f.Conn:
		return moved
	case t.receiver != nil && !t.reported || t.sender != nil:
		return &session.Refusal{Reason: wire.RefusedBusy, Detail: "a train of this session is running"}
	case t.spent+r.MaxBytes > l.TrainBytes:
		return &session.Refusal{Reason: wire.RefusedBudget, Detail: fmt.Sprintf("%d of %d bytes are used up", t.spent, l.TrainBytes)}
	}
	reserved, token := max(r.PrimeRate, r.HoldRate), t.session.Token
	if r.MaxBytes <= smallTrain {
		reserved = 0
	}
	if !m.reserve(token, reserved, l.TotalBitRate) {
		return &session.Refusal{Reason: wire.RefusedBusy, Detail: "other trains use all of the server's rate"}
	}
	if r.Direction == wire.Up {
		t.receiver = train.NewReceiver(r, noise, t.session.IPv6())
		t.done, t.reported = make(chan struct{}, 1), false
		rx, done := t.receiver, t.done
		wg.Go(func() { // ends with the train, or with ctx
			defer m.release(token, reserved)
			t.receive(ctx, c, msg.ID, rx, done, r)
		})
	} else {
		tx, err := t.newSender(f, r)
		if err != nil {
			m.release(token, reserved)
			return err
		}
		t.sender, t.awaited = tx, &r
		wg.Go(func() { // ends with the train, or with ctx
			defer m.release(token, reserved)
			defer tx.Waiter.Close()
			t.send(ctx, c, msg.ID, tx)
		})
	}
	t.spent += r.MaxBytes // adjusted once the bytes used are known
	m.metrics.trains.WithLabelValues(string(r.Direction)).Inc()
	return nil
}

// moved refuses requests from a connection that is no longer in use.
var moved = &session.Refusal{Reason: wire.RefusedRequest, Detail: "the session has moved to another connection"}

// newSender makes the sender of a train going down.
func (t *Trains) newSender(f *reflect.Flow, r wire.TrainRequest) (*train.Sender, error) {
	o := t.manager.o
	waiter, err := o.NewWaiter(o.Clock)
	if err != nil {
		return nil, err
	}
	socket, to, buf := f.Conn.Socket(), f.Address(), make([]byte, 0, wire.MaxPacketSize)
	return &train.Sender{
		Request: r, IPv6: t.session.IPv6(), Clock: o.Clock, Waiter: waiter,
		Send: func(p wire.TrainPacket, size int) error {
			return f.Link.SendTrain(socket, to, buf, p, size)
		},
		SendEnd: func(p wire.TrainPacket, e wire.TrainEnd) error {
			return f.Link.SendTrainEnd(socket, to, buf, p, e)
		},
	}, nil
}

// send runs a train going down. Called without the lock.
func (t *Trains) send(ctx context.Context, c *session.Control, id uint64, tx *train.Sender) {
	ctx, cancel := context.WithTimeout(ctx, trainLimit)
	defer cancel()
	var sent train.Sent
	err := c.Send(wire.Message{Type: wire.TypeTrainReady, ID: id})
	if err == nil {
		sent, err = tx.Run(ctx)
	}
	t.manager.metrics.bytesDown.Add(float64(sent.Bytes))
	t.mu.Lock()
	t.spent += max(sent.Bytes, trainLeast) - tx.Request.MaxBytes
	if t.sender == tx {
		t.sender = nil
	}
	t.mu.Unlock()
	if err != nil {
		t.manager.o.Log.Debug("train ended early", "session", t.session.ID, "err", err)
	}
}

// receive waits for a train going up to end and reports it.
func (t *Trains) receive(ctx context.Context, c *session.Control, id uint64, rx *train.Receiver, done <-chan struct{}, r wire.TrainRequest) {
	ctx, cancel := context.WithTimeout(ctx, min(planned(r)+trainStart+trainSlack, trainLimit))
	defer cancel()
	tick := time.NewTicker(trainIdle)
	defer tick.Stop()
	if c.Send(wire.Message{Type: wire.TypeTrainReady, ID: id}) == nil {
		t.await(ctx, tick.C, rx, done)
	}
	forget := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.receiver == rx {
			t.receiver = nil
		}
	}
	defer forget()
	t.mu.Lock()
	early := !rx.Ended()
	var report wire.TrainReport
	if early {
		report = rx.Report()
		t.reported = true
	}
	t.mu.Unlock()
	if !early {
		forget() // now nobody else accesses rx
		report = rx.Report()
	}
	t.mu.Lock()
	t.spent += max(report.Bytes, trainLeast) - r.MaxBytes
	t.mu.Unlock()
	t.session.SetReading(report, r.Measures(), t.manager.o.Clock.Wall())
	t.manager.o.Publish(t.session, event.Reading{Report: report, Measures: r.Measures()})
	_ = c.Send(wire.Message{Type: wire.TypeTrainReport, ID: id, TrainReport: &report})
	// The sender may not have received the stop yet: keep sending feedback.
	for linger := time.NewTimer(trainLinger); early; {
		select {
		case <-ctx.Done():
			return
		case <-linger.C:
			return
		case <-tick.C:
		}
		t.mu.Lock()
		early = t.receiver == rx && !rx.Ended()
		t.mu.Unlock()
	}
}

// planned returns how long a train takes at most by its own plan.
func planned(r wire.TrainRequest) time.Duration {
	prime := ippm.Rate(r.PrimeRate).Time(int(r.PrimeBytes))
	return prime + r.HoldTime + time.Second
}

// await waits until a train going up is over.
func (t *Trains) await(ctx context.Context, tick <-chan time.Time, rx *train.Receiver, done <-chan struct{}) {
	began := t.manager.o.Clock.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-done:
			return
		case <-tick:
		}
		now := t.manager.o.Clock.Now()
		t.mu.Lock()
		over := rx.Over(now) || !rx.Started() && now-began > trainStart
		t.mu.Unlock()
		if over {
			return
		}
	}
}

// Claim accepts a client's reading of a train going down. Only the last train
// sent counts, and only once.
func (t *Trains) Claim(r wire.TrainReport) {
	t.mu.Lock()
	sent := t.awaited
	counts := sent != nil && sent.Train == r.Train
	if counts {
		t.awaited = nil
	}
	t.mu.Unlock()
	measures := counts && sent.Measures()
	r.Direction = wire.Down
	t.session.SetReading(r, measures, t.manager.o.Clock.Wall())
	if measures && train.ValidateReport(r) == nil {
		t.manager.o.Publish(t.session, event.Claim{Report: r})
	}
}
