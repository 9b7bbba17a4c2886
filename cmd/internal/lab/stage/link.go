//go:build linux

package stage

import (
	"context"
	"time"

	"examlink/cmd/internal/lab/emulator"
	"examlink/probe/netsim"
)

// WaitSample is the time between two looks at the queues. Chosen by us.
const WaitSample = 500 * time.Millisecond

// ChangeLink gives the link other parameters: those of the undisturbed link,
// changed by up and down. Cross traffic fills both queues with standing's worth
// of packets; 0: there is none.
func (t *Testbed) ChangeLink(up, down func(*netsim.Params), standing time.Duration) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	upParams, downParams := t.base[0], t.base[1]
	up(&upParams)
	down(&downParams)
	return t.hosts.Change(upParams, downParams, standing)
}

// ChangeBoth is ChangeLink with the same change in both directions.
func (t *Testbed) ChangeBoth(change func(*netsim.Params)) error {
	return t.ChangeLink(change, change, 0)
}

// RestoreLink undoes every change of the link.
func (t *Testbed) RestoreLink() error { return t.ChangeBoth(func(*netsim.Params) {}) }

// LinkState returns what the link has done so far, without single packets.
func (t *Testbed) LinkState() (emulator.State, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.hosts.State()
}

// QueueWait is the longest time that packets spent in the queues between two
// looks at them.
type QueueWait struct {
	At       time.Time // of the second look
	Up, Down time.Duration
}

// SampleQueues looks at the queues regularly until stop is called, which may
// happen more than once.
func (t *Testbed) SampleQueues() (stop func()) {
	ctx, cancel := context.WithCancel(t.ctx)
	done := make(chan struct{})
	go func() { // ends with ctx
		defer close(done)
		tick := time.NewTicker(WaitSample)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if s, err := t.LinkState(); err == nil {
				t.waits = append(t.waits, QueueWait{time.Now(), s.Up.Wait, s.Down.Wait})
			}
		}
	}()
	return func() { cancel(); <-done }
}

// QueueWaits returns the samples taken. Call it after sampling has stopped.
func (t *Testbed) QueueWaits() []QueueWait { return t.waits }

// LongestQueueWait returns the longest time in a queue between two moments, and
// up to one sample later. Call it after sampling has stopped.
func (t *Testbed) LongestQueueWait(from, to time.Time) (d time.Duration) {
	for _, w := range t.waits {
		if !w.At.Before(from) && w.At.Before(to.Add(WaitSample)) {
			d = max(d, w.Up, w.Down)
		}
	}
	return d
}
