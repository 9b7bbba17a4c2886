package probe

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	"examlink/probe/ippm"
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

// Progress says where a check stands.
type Progress struct {
	Phase     Phase
	Step, Of  int
	Remaining time.Duration // an estimate
	Done      string        // what the phase found; empty while it runs
}

// Chosen by us.
const (
	floorTrains    = 7
	floorTrainsTCP = 2           // none can say that a link is too slow
	bigBucket      = 1.5e6       // bytes of the largest token bucket that a second floor test empties
	settleAtMost   = time.Second // echoes that take longer are reported as they stand
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

// Check runs one readiness test: it blocks until the verdict is there. The
// progress function, if any, is called from the same goroutine. An error means
// that we could not measure; what the network did badly is in the report.
func Check(ctx context.Context, o Options, progress func(Progress)) (Report, error) {
	token, err := o.validate()
	if err != nil {
		return Report{}, err
	}
	plan := o.phases()
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
	s, err := openAny(ctx, &o, token, "check", earlier{}, 0)
	if err != nil {
		return r, err
	}
	defer s.close(true)
	s.traffic.other(began) // the first reading has the interface looked up, which takes a moment
	beside := newOthers(s)
	r.Session, r.Exam, r.Transport = s.welcome.Session, s.welcome.Exam, string(s.conn.Transport())
	said := "connected to " + o.Server
	if s.overTCP() {
		said += " by WebSocket, for the network blocks UDP"
	}
	step(0, said)

	step(1, "")
	s.setInterval(o.Check.IdleInterval)
	if err := s.sleep(ctx, o.Check.IdleTime); err != nil {
		return r, err
	}
	idle := s.stream.begin(o.Clock.Now())
	s.setInterval(o.Check.LoadInterval)
	rtt, ok := s.stream.roundTrip()
	if !ok {
		rtt = primeRoundTrip
	}
	step(1, fmt.Sprintf("round trip %v", rtt.Round(10*time.Microsecond)))

	budget := o.Check.MaxBytes
	left := func() int64 {
		up, down := s.spent()
		return budget - up - down - 300e3 // the monitor stream and control need some too
	}
	floor := func(i int, d wire.Direction, target ippm.Rate, bucket float64) (Floor, error) {
		step(i, "")
		_, noise := s.stream.received()
		trains := floorTrains
		if s.overTCP() {
			trains = floorTrainsTCP
		}
		beside.begin()
		f, err := s.runFloor(ctx, floorPlan{direction: d, target: target, maxTrains: trains, roundTrip: rtt, noise: noise, bucket: bucket})
		beside.end(d)
		step(i, f.Outcome)
		return f, err
	}
	if r.FloorDown, err = floor(2, wire.Down, o.Policy.Minimum.Download, 0); err != nil {
		return r, err
	}
	if r.FloorUp, err = floor(3, wire.Up, o.Policy.Minimum.Upload, 0); err != nil {
		return r, err
	}
	capacity := func(i int, d wire.Direction, f Floor, budget int64) (Capacity, *window, error) {
		step(i, "")
		s.stream.begin(o.Clock.Now())
		beside.begin()
		c, err := s.searchCapacity(ctx, d, f, o.Check.CapacityMax, budget)
		beside.end(d)
		if s.overTCP() {
			c.Why = whyRateHidden
		}
		step(i, describe(c.Rate))
		return c, s.stream.begin(o.Clock.Now()), err
	}
	var loadDown, loadUp *window
	if r.CapacityDown, loadDown, err = capacity(4, wire.Down, r.FloorDown, left()*6/10); err != nil {
		return r, err
	}
	if r.CapacityUp, loadUp, err = capacity(5, wire.Up, r.FloorUp, left()); err != nil {
		return r, err
	}

	// A rate below the minimum where the floor test saw no end: a token bucket
	// larger than that test emptied.
	for _, x := range []struct {
		i int
		f *Floor
		c Capacity
	}{{4, &r.FloorDown, r.CapacityDown}, {5, &r.FloorUp, r.CapacityUp}} {
		if !hiddenByBucket(*x.f, x.c) || float64(left()) < 2*bigBucket {
			continue
		}
		again, err := floor(x.i, x.f.Direction, ippm.Rate(x.f.Target), bigBucket)
		if err != nil {
			return r, err
		}
		again.Excess, again.Bytes = x.f.Excess, again.Bytes+x.f.Bytes
		again.Trains, again.Duration = again.Trains+x.f.Trains, again.Duration+x.f.Duration
		if again.Decision == ippm.Reject {
			again.Why = fmt.Sprintf("after a burst of more than %d kB the link falls to this rate", x.f.Excess/1000)
		}
		*x.f = again
	}

	step(6, "")
	r.GoodputDown = s.measureGoodput(ctx, r.CapacityDown, left()/2)
	r.GoodputUp = s.measureGoodput(ctx, r.CapacityUp, left())
	step(6, "")

	step(7, "")
	settle := o.Clock.Now() + settleAtMost
	for !s.stream.settledBefore(idle, o.Clock.Now()) && o.Clock.Now() < settle {
		if err := s.sleep(ctx, 20*time.Millisecond); err != nil {
			return r, err
		}
	}
	now := o.Clock.Now()
	account := s.stream.finish(idle, now)
	r.LoadedDown, r.LoadedUp = loaded(s.stream.finish(loadDown, now)), loaded(s.stream.finish(loadUp, now))
	r.Idle = account.Figures()
	r.LongestGap = s.stream.longestGap(now).Seconds()
	if skew, ok := s.stream.skew(); ok {
		skew *= 1e6
		r.SkewPPM = &skew
	}
	r.BytesDown, r.BytesUp = s.own()
	r.OthersDown, r.OthersUp = beside.rate(wire.Down), beside.rate(wire.Up)
	r.Duration = o.Clock.Now() - began
	r.judge(o, account)
	s.tellVerdict(ctx, r.Verdict)
	step(7, string(r.Verdict.Outcome))
	return r, nil
}

// tellVerdict tells the server what the check came to, for its operators. The
// check stands, whether the server takes it or not.
func (s *session) tellVerdict(ctx context.Context, v verdict.Verdict) {
	body, err := json.Marshal(v.Gist())
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, goodbyeSettle)
	defer cancel()
	refused, err := s.report(ctx, wire.Report{Origin: rand.Text(), Number: 1, At: s.o.Clock.Wall().Round(0), Kind: wire.ReportVerdict, Contents: body})
	if err != nil {
		s.o.Log.Debug("the server has not taken the verdict", "reason", refused, "err", err)
	}
}

// hiddenByBucket says whether a floor test passed although the link's rate is
// below its target.
func hiddenByBucket(f Floor, c Capacity) bool {
	return f.Decision == ippm.Accept && f.Rate.Value == nil && c.Rate.High != nil && *c.Rate.High < f.Target*(1-verdict.Tolerance)
}

func (s *session) sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-s.done:
		return s.err()
	}
}

func describe(i Interval) string {
	switch {
	case i.Value != nil:
		return ippm.Rate(*i.Value).String()
	case i.Low != nil:
		return "at least " + ippm.Rate(*i.Low).String()
	}
	return "unknown"
}
