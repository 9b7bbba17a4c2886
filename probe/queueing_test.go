package probe_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"examlink/probe"
	"examlink/probe/netsim"
	"examlink/probe/warning"
)

// A bulk transfer fills a deep queue: it raises the delay warning and nothing else, and
// the tests it triggers do not hide it from the monitor stream.
func TestQueueingIsWarnedOfInTime(t *testing.T) {
	long(t)
	const runs = 10
	var took []time.Duration
	for i := range runs {
		synctest.Test(t, func(t *testing.T) {
			up, down := good()
			down.QueueTime = time.Second
			w := newTestbedSeeded(t, up, down, uint64(i))
			d, finish := w.watch(func(o *probe.Options) { o.Seed, o.Traffic = uint64(i+1), w.interfaceCounters })
			time.Sleep(time.Minute + time.Duration(i)*700*ms)
			begun := w.host.Wall()
			w.queueing(500*ms, 2*time.Minute)
			time.Sleep(time.Minute)
			finish()
			if k := slices.IndexFunc(d.warnings, func(x warning.Warning) bool { return x.Kind != warning.Delay }); k >= 0 {
				t.Errorf("run %d: %v", i, d.warnings)
			}
			if len(d.warnings) != 2 || d.warnings[1].Active() {
				t.Fatalf("run %d: %v, want one raised and cleared", i, d.warnings)
			}
			took = append(took, d.warnings[0].Raised.Sub(begun))
			if c := w.client.Down.Counters(); c.Lost() > 0 || c.MaxWait < 450*ms {
				t.Errorf("run %d: the queue reached %v, %d lost", i, c.MaxWait, c.Lost())
			}
		})
	}
	slices.Sort(took)
	t.Logf("median %v, worst %v", took[len(took)/2], took[len(took)-1])
	// The first window may see less than half of it, two raise, and one may be
	// inconclusive.
	if worst := took[len(took)-1]; worst > 21*time.Second {
		t.Errorf("%v after it began, want at most 21s", worst)
	}
}

// queueing makes a bulk transfer of the student's own fill part of the queue towards
// the student, as a TCP transfer does in a deep buffer.
func (w *testbed) queueing(deep, lasting time.Duration) {
	const size = 1500
	var rate float64
	var way time.Duration
	w.client.Down.Update(func(p *netsim.Params) { rate, way = p.Rate.BytesPerSecond(), p.Delay })
	outstanding := uint64(rate * (deep + way).Seconds() / size)
	for end := time.Now().Add(lasting); time.Now().Before(end); time.Sleep(5 * ms) {
		c := w.client.Down.Counters()
		for n := c.Offered - c.Delivered - c.Lost(); n < outstanding; n++ {
			w.client.Down.Send(make([]byte, 3), size)
		}
	}
}

// interfaceCounters are the byte counts of the host's interface towards the server.
func (w *testbed) interfaceCounters() (received, sent uint64, ok bool) {
	received, sent = w.client.Down.Counters().DeliveredBytes, w.client.Up.Counters().OfferedBytes
	if w.tcp != nil {
		received, sent = received+w.tcp.down.Load(), sent+w.tcp.up.Load()
	}
	return received, sent, true
}
