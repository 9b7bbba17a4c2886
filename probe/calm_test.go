package probe_test

import (
	"flag"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe/netsim"
)

var wholeDay = flag.Bool("day", false, "watch a clean link for 24 simulated hours, not for one")

// A clean link of 10/5 Mbit/s with 5 ms of jitter raises no warning, neither before
// the exam nor in it. With -day it is watched for 24 hours.
func TestCleanLinkIsNotWarnedOf(t *testing.T) {
	for name, order := range map[string]bool{"order kept": true, "order not kept": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				before, lasting := 15*time.Minute, 45*time.Minute
				if testing.Short() {
					before, lasting = 5*time.Minute, 10*time.Minute
				}
				if *wholeDay {
					before, lasting = 30*time.Minute, 23*time.Hour+30*time.Minute
				}
				p := netsim.Params{QueueTime: 500 * ms, Delay: 15 * ms, Jitter: 5 * ms, KeepOrder: order}
				up, down := p, p
				up.Rate, down.Rate = mbit(5), mbit(10)
				w := newTestbedSeeded(t, up, down, *examSeed)
				l := newLedger(w)
				began := time.Now()
				sum := w.attend(l, before, lasting, newNeighbourhood())()
				if d := time.Since(began); d < before+lasting || sum.Ended.Sub(sum.Started) < before+lasting {
					t.Errorf("over after %v", d)
				}
				for _, x := range l.warnings {
					t.Errorf("warned after %v: %+v", x.Raised.Sub(l.start), x)
				}
				if len(l.sessions) != 1 || len(l.phases) != 3 {
					t.Errorf("sessions %v, phases %v", l.sessions, l.phases)
				}
				checkCost(t, sum)
				checkCover(t, w.options(), l, sum)
				if m := sum.Monitor; m.Received != m.Sent || m.Unsent > 0 {
					t.Errorf("%d of %d packets received, %d unsent", m.Received, m.Sent, m.Unsent)
				}
			})
		})
	}
}
