//go:build linux

package emulator

import (
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe/netsim"
)

// Cross traffic keeps the queue as full as asked, and reaches neither host.
func TestStandingQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &direction{from: -1, to: -1}
		p := netsim.Params{Rate: 5e6, QueueTime: 2 * time.Second}
		d.set(p, 1)
		d.change(p, 500*time.Millisecond)
		for range 20 {
			d.deliver(0)
			time.Sleep(5 * time.Millisecond)
		}
		d.deliver(0)
		if got, want := d.link.Waiting(), 312500; got > want || got < want-2*crossTrafficSize {
			t.Errorf("%d bytes wait, want %d", got, want)
		}
		if s := d.truth(false); s.Failed != 0 || s.Delivered != 50 { // 62,500 bytes in 0.1 s
			t.Errorf("%d writes failed of %d packets, want none of 50", s.Failed, s.Delivered)
		}
	})
}
