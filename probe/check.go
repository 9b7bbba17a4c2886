package probe

import (
	"context"
	"fmt"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/monitor"
	"examlink/probe/ratetest"
	"examlink/probe/session"
	"examlink/probe/wire"
)

// Chosen by us.
const (
	floorTrains    = 7
	floorTrainsTCP = 2           // over TCP, no train can prove that a link is too slow
	bigBucket      = 1.5e6       // bytes of the largest token bucket that a second floor test empties
	bigTrains      = 2           // of such a test, ...
	bigBytes       = 3.2e6       // ... and what they may cost
	settleAtMost   = time.Second // echoes that take longer are not waited for
	settlePoll     = 20 * time.Millisecond
)

// Check runs one readiness test and blocks until it has a verdict. progress, if not
// nil, is called on the same goroutine. An error means that nothing could be
// measured; poor network quality is in the report. A check that an interruption ends
// has a report too: of what was measured until then. One that its server ends begins
// anew, once, with another server of the token: then the report is of that one, and
// each may transfer as much as a check may.
func Check(ctx context.Context, o Options, progress func(Progress)) (Report, error) {
	token, err := o.validate()
	if err != nil {
		return Report{}, err
	}
	first := newCheck(o, token, progress)
	if err := first.measure(ctx); err != nil || !first.serverGone || len(o.others) == 0 {
		return first.r, err
	}
	config := o.connection()
	next := config.Avoiding(first.r.Server)
	o.Server, o.others = next.Server, next.Others
	second := newCheck(o, token, progress)
	if err := second.measure(ctx); err != nil {
		return first.r, nil
	}
	return second.r, nil
}

func newCheck(o Options, token wire.JoinToken, progress func(Progress)) *check {
	c := &check{o: o, token: token, plan: o.phases(), progress: progress, began: o.Clock.Now()}
	c.r = Report{
		Schema: ReportSchema, Client: o.Version, Started: o.Clock.Wall(), Server: o.Server, Exam: token.Exam,
	}
	return c
}

// measure connects and runs the steps of a check.
func (c *check) measure(ctx context.Context) error {
	c.say(0, "")
	config := c.o.connection()
	s, err := session.Dial(ctx, &config, c.token, wire.PurposeCheck, session.Earlier{}, 0)
	if err != nil {
		return err
	}
	return c.measureOver(ctx, studentLine{s, &c.o, c.token})
}

// measureOver runs the steps of a check and judges what they find. It closes the line.
func (c *check) measureOver(ctx context.Context, l Line) error {
	defer l.Close(true)
	c.opened(l)
	c.say(0, l.Opened().words())
	for _, step := range []func(context.Context) error{c.watchIdle, c.testFloors, c.searchCapacities, c.emptyBuckets, c.runStreams, c.loadWays, c.settle, c.conclude} {
		err := step(ctx)
		switch {
		case err == nil:
		case c.interrupted(err):
			c.breakOff(ctx, err)
			return nil
		default:
			return err
		}
	}
	return nil
}

// check is a running check. Its steps run in the order of the phases.
type check struct {
	o        Options
	token    wire.JoinToken
	plan     []phasePlan
	progress func(Progress)
	began    time.Duration

	s      Line
	run    *patient // the session's trains
	beside *session.Others
	rtt    time.Duration
	idle   *monitor.Window // the idle link
	ways   []*way
	r      Report

	serverGone bool // it was the server that ended the check
}

// say reports that a phase begins or, with done, ends.
func (c *check) say(i int, done string) {
	if c.progress == nil {
		return
	}
	p := Progress{Phase: c.plan[i].phase, Step: i + 1, Of: len(c.plan), Done: done}
	for _, rest := range c.plan[i:] {
		p.Remaining += rest.expect
	}
	c.progress(p)
}

// watchIdle observes the idle link.
func (c *check) watchIdle(ctx context.Context) error {
	c.say(1, "")
	c.s.SetInterval(c.o.Check.IdleInterval)
	for looks := 1; ; looks++ {
		gap := c.s.Probes().LongestGap(c.o.Clock.Now())
		if err := c.s.Sleep(ctx, c.o.Check.IdleTime); err != nil {
			return err
		}
		if longest := c.s.Probes().LongestGap(c.o.Clock.Now()); longest <= max(gap, gapMost) || looks >= looksMost { // not interrupted
			break
		}
		if err := c.run.awaitReturn(ctx); err != nil {
			return err
		}
		c.s.Probes().Begin(c.o.Clock.Now())
	}
	c.idle = c.s.Probes().Begin(c.o.Clock.Now())
	c.s.SetInterval(c.o.Check.LoadInterval)
	rtt, ok := c.s.Probes().RoundTrip()
	if !ok {
		rtt = ratetest.DefaultRoundTrip
	}
	c.rtt = rtt
	if mtu, ok := c.s.PathMTU(ctx, rtt); ok {
		c.r.PathMTU = &mtu
	}
	c.say(1, fmt.Sprintf("round trip %v", rtt.Round(10*time.Microsecond)))
	return nil
}

// left returns the bytes that are left of the check's budget.
func (c *check) left() int64 {
	down, up := c.s.OwnBytes()                    // with the streams and the monitor's packets
	return c.o.Check.MaxBytes - up - down - 250e3 // reserve for the monitor stream and control
}

// floor runs a floor test.
func (c *check) floor(ctx context.Context, d wire.Direction, target ippm.Rate, bucket float64, trains int) (ratetest.Floor, error) {
	_, noise := c.s.Probes().Received()
	if c.s.Traits().HidesLoss {
		trains = floorTrainsTCP
	}
	c.beside.Begin()
	defer c.beside.End(d)
	return ratetest.RunFloor(ctx, c.run, ratetest.FloorPlan{Direction: d, Target: target, MaxTrains: trains, RoundTrip: c.rtt, Noise: noise, Bucket: bucket})
}

// testFloors runs the floor tests.
func (c *check) testFloors(ctx context.Context) (err error) {
	for _, x := range c.ways {
		c.say(x.floorStep, "")
		f := x.floor
		if *f, err = c.floor(ctx, f.Direction, ippm.Rate(f.Target), 0, floorTrains); err != nil {
			return err
		}
		c.say(x.floorStep, string(f.Outcome))
	}
	return nil
}

// searchCapacities searches the rates.
func (c *check) searchCapacities(ctx context.Context) (err error) {
	for i, x := range c.ways {
		c.say(x.step, "")
		budget := c.left()
		if i == 0 {
			budget = budget * 6 / 10
		}
		c.beside.Begin()
		*x.capacity, err = ratetest.SearchCapacity(ctx, c.run, x.floor.Direction, *x.floor, c.o.Check.CapacityMax, budget)
		c.beside.End(x.floor.Direction)
		if c.s.Traits().HidesLoss {
			x.capacity.Why = ratetest.WhyRateHidden
		}
		if err != nil {
			return err
		}
		c.say(x.step, x.capacity.Rate.String())
	}
	return nil
}

// again repeats the floor test of a way with trains that empty a big bucket.
func (c *check) again(ctx context.Context, x *way) error {
	c.say(x.step, "")
	f, err := c.floor(ctx, x.floor.Direction, ippm.Rate(x.floor.Target), bigBucket, bigTrains)
	if err != nil {
		return err
	}
	x.repeated(f)
	c.say(x.step, string(f.Outcome))
	return nil
}

// emptyBuckets repeats the floor tests behind which a token bucket shows.
func (c *check) emptyBuckets(ctx context.Context) error {
	for _, x := range c.ways {
		if x.hiddenByBucket() && float64(c.left()) >= bigBytes {
			if err := c.again(ctx, x); err != nil {
				return err
			}
		}
	}
	return nil
}

// runStreams runs a stream each way, and tests again what a stream contradicts.
func (c *check) runStreams(ctx context.Context) error {
	c.say(6, "")
	for i, x := range c.ways {
		*x.goodput = ratetest.MeasureGoodput(ctx, c.s, *x.capacity, c.left()/int64(len(c.ways)-i))
		if err := c.s.Err(); err != nil {
			return err
		}
		doubt := x.contradicted() && x.capacity.Rate.Value == nil // what was read twice hides behind no bucket
		if x.unfilled() && !doubt {
			// The stream has emptied what buckets there are: one more train shows
			// whether the bound still holds.
			f, err := c.floor(ctx, x.floor.Direction, ippm.Rate(x.floor.Target), 0, 1)
			if err != nil {
				return err
			}
			doubt = f.Rate.Value != nil || f.Decision != ippm.Accept
		}
		switch {
		case doubt && float64(c.left()) >= bigBytes:
			if err := c.again(ctx, x); err != nil {
				return err
			}
		case doubt:
			x.unproved()
		}
		x.compare()
	}
	return nil
}

// loadWays fills the buffers of the link.
func (c *check) loadWays(ctx context.Context) (err error) {
	for _, x := range c.ways {
		c.s.Probes().Begin(c.o.Clock.Now())
		if x.load, err = ratetest.FillBuffer(ctx, c.run, *x.capacity, c.left()/2); err != nil {
			return err
		}
		x.loading = c.s.Probes().Begin(c.o.Clock.Now())
	}
	c.say(6, "")
	return nil
}
