package probe

import (
	"context"
	"fmt"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/monitor"
	"examlink/probe/ratetest"
	"examlink/probe/session"
	"examlink/probe/verdict"
	"examlink/probe/wire"
)

// Phase is one step of a check.
type Phase string

// The phases of a check, in their order.
const (
	PhaseConnect      Phase = "connect"
	PhaseDelay        Phase = "delay and loss"
	PhaseFloorDown    Phase = "download against the minimum"
	PhaseFloorUp      Phase = "upload against the minimum"
	PhaseCapacityDown Phase = "download rate"
	PhaseCapacityUp   Phase = "upload rate"
	PhaseGoodput      Phase = "one stream each way"
	PhaseSettle       Phase = "last packets"
)

// Progress is the state of a running check.
type Progress struct {
	Phase     Phase
	Step, Of  int
	Remaining time.Duration // an estimate
	Done      string        // result of the phase; empty while it runs
}

// Chosen by us.
const (
	floorTrains    = 7
	floorTrainsTCP = 2           // over TCP, no train can prove that a link is too slow
	bigBucket      = 1.5e6       // bytes of the largest token bucket that a second floor test empties
	bigTrains      = 2           // of such a test, ...
	bigBytes       = 3.2e6       // ... and what they may cost
	settleAtMost   = time.Second // echoes that take longer are not waited for
	settlePoll     = 20 * time.Millisecond
	unannounced    = -1 // the step of a test within another's phase
)

type phasePlan struct {
	phase  Phase
	expect time.Duration
}

func (o *Options) phases() []phasePlan {
	return []phasePlan{
		{PhaseConnect, time.Second},
		{PhaseDelay, o.Check.IdleTime},
		{PhaseFloorDown, time.Second},
		{PhaseFloorUp, time.Second},
		{PhaseCapacityDown, 3 * time.Second},
		{PhaseCapacityUp, 3 * time.Second},
		{PhaseGoodput, 2 * time.Second},
		{PhaseSettle, 200 * time.Millisecond},
	}
}

// Check runs one readiness test and blocks until it has a verdict. progress, if not
// nil, is called on the same goroutine. An error means that nothing could be
// measured; poor network quality is in the report.
func Check(ctx context.Context, o Options, progress func(Progress)) (Report, error) {
	token, err := o.validate()
	if err != nil {
		return Report{}, err
	}
	plan, config := o.phases(), o.connection()
	step := func(i int, done string) {
		if progress == nil {
			return
		}
		p := Progress{Phase: plan[i].phase, Step: i + 1, Of: len(plan), Done: done}
		for _, rest := range plan[i:] {
			p.Remaining += rest.expect
		}
		progress(p)
	}
	r := Report{
		Schema: ReportSchema, Client: o.Version, Started: o.Clock.Wall(), Server: o.Server, Exam: token.Exam,
	}
	began := o.Clock.Now()
	step(0, "")
	s, err := session.Dial(ctx, &config, token, "check", session.Earlier{}, 0)
	if err != nil {
		return r, err
	}
	defer s.Close(true)
	s.Foreign.Bytes(began) // the first reading triggers the look-up of the interface, which takes a moment
	beside := session.NewOthers(s)
	o.Policy = verdict.InForce(o.Policy, s.Welcome.Policy)
	r.Policy = o.Policy
	r.Session, r.Exam, r.Transport = s.Welcome.Session, s.Welcome.Exam, string(s.Conn.Transport())
	r.blocked = s.Blocked
	r.ClockAhead = ippm.Seconds(aheadOf(s, o))
	said := "connected to " + o.Server
	if s.Traits().HidesLoss {
		said += " over WebSocket, because the network blocks UDP"
	}
	step(0, said)

	step(1, "")
	s.SetInterval(o.Check.IdleInterval)
	if err := s.Sleep(ctx, o.Check.IdleTime); err != nil {
		return r, err
	}
	idle := s.Monitor.Begin(o.Clock.Now())
	s.SetInterval(o.Check.LoadInterval)
	rtt, ok := s.Monitor.RoundTrip()
	if !ok {
		rtt = ratetest.DefaultRoundTrip
	}
	if mtu, ok := s.PathMTU(ctx, rtt); ok {
		r.PathMTU = &mtu
	}
	step(1, fmt.Sprintf("round trip %v", rtt.Round(10*time.Microsecond)))

	budget := o.Check.MaxBytes
	left := func() int64 {
		down, up := s.OwnBytes()          // with the streams and the monitor's packets
		return budget - up - down - 250e3 // reserve for the monitor stream and control
	}
	floor := func(i int, d wire.Direction, target ippm.Rate, bucket float64, trains int) (ratetest.Floor, error) {
		if i != unannounced {
			step(i, "")
		}
		_, noise := s.Monitor.Received()
		if s.Traits().HidesLoss {
			trains = floorTrainsTCP
		}
		beside.Begin()
		f, err := ratetest.RunFloor(ctx, s, ratetest.FloorPlan{Direction: d, Target: target, MaxTrains: trains, RoundTrip: rtt, Noise: noise, Bucket: bucket})
		beside.End(d)
		if i != unannounced {
			step(i, string(f.Outcome))
		}
		return f, err
	}
	if r.FloorDown, err = floor(2, wire.Down, o.Policy.Minimum.Download, 0, floorTrains); err != nil {
		return r, err
	}
	if r.FloorUp, err = floor(3, wire.Up, o.Policy.Minimum.Upload, 0, floorTrains); err != nil {
		return r, err
	}
	capacity := func(i int, d wire.Direction, f ratetest.Floor, budget int64) (ratetest.Capacity, error) {
		step(i, "")
		beside.Begin()
		c, err := ratetest.SearchCapacity(ctx, s, d, f, o.Check.CapacityMax, budget)
		beside.End(d)
		if s.Traits().HidesLoss {
			c.Why = ratetest.WhyRateHidden
		}
		step(i, c.Rate.String())
		return c, err
	}
	if r.CapacityDown, err = capacity(4, wire.Down, r.FloorDown, left()*6/10); err != nil {
		return r, err
	}
	if r.CapacityUp, err = capacity(5, wire.Up, r.FloorUp, left()); err != nil {
		return r, err
	}

	ways := []*way{
		{4, &r.FloorDown, &r.CapacityDown, &r.GoodputDown, &r.LoadedDown, o.Policy.Recommended.Download, ratetest.Load{}, nil},
		{5, &r.FloorUp, &r.CapacityUp, &r.GoodputUp, &r.LoadedUp, o.Policy.Recommended.Upload, ratetest.Load{}, nil},
	}
	// again repeats the floor test of a way with trains that empty a big bucket.
	again := func(x *way) error {
		f, err := floor(x.step, x.floor.Direction, ippm.Rate(x.floor.Target), bigBucket, bigTrains)
		if err != nil {
			return err
		}
		x.repeated(f)
		return nil
	}
	for _, x := range ways {
		if x.hiddenByBucket() && float64(left()) >= bigBytes {
			if err := again(x); err != nil {
				return r, err
			}
		}
	}

	step(6, "")
	for i, x := range ways {
		*x.goodput = ratetest.MeasureGoodput(ctx, s, *x.capacity, left()/int64(len(ways)-i))
		doubt := x.contradicted() && x.capacity.Rate.Value == nil // what was read twice hides behind no bucket
		if x.unfilled() && !doubt {
			// The stream has emptied what buckets there are: one more train shows
			// whether the bound still holds.
			f, err := floor(unannounced, x.floor.Direction, ippm.Rate(x.floor.Target), 0, 1)
			if err != nil {
				return r, err
			}
			doubt = f.Rate.Value != nil || f.Decision != ippm.Accept
		}
		switch {
		case doubt && float64(left()) >= bigBytes:
			if err := again(x); err != nil {
				return r, err
			}
		case doubt:
			x.unproved()
		}
		x.compare()
	}
	for _, x := range ways {
		s.Monitor.Begin(o.Clock.Now())
		if x.load, err = ratetest.FillBuffer(ctx, s, *x.capacity, left()/2); err != nil {
			return r, err
		}
		x.loading = s.Monitor.Begin(o.Clock.Now())
	}
	step(6, "")

	step(7, "")
	if err := settle(ctx, s, &o, idle); err != nil {
		return r, err
	}
	now := o.Clock.Now()
	facts, account, err := lookAgain(ctx, s, &o, s.Monitor.Finish(idle, now), drained(ways))
	if err != nil {
		return r, err
	}
	now = o.Clock.Now()
	r.Idle = account.Figures()
	for _, x := range ways {
		*x.loaded = monitor.NewLoaded(s.Monitor.Finish(x.loading, now), x.load.Rise, x.load.Full, r.Idle.RoundTrip.Median)
		x.loaded.Why = x.load.Why
	}
	r.LongestGap = s.Monitor.LongestGap(now).Seconds()
	if skew, ok := s.Monitor.Skew(); ok {
		skew *= 1e6
		r.SkewPPM = &skew
	}
	r.BytesDown, r.BytesUp = s.OwnBytes()
	r.OthersDown, r.OthersUp = beside.Rate(wire.Down), beside.Rate(wire.Up)
	r.Duration = ippm.Seconds(o.Clock.Now() - began)
	r.judge(o, facts, account)
	s.ReportVerdict(ctx, r.Verdict)
	step(7, string(r.Verdict.Outcome))
	return r, nil
}
