package probe

import (
	"context"
	"errors"
	"fmt"
	"time"

	"examlink/probe/link"
	"examlink/probe/ratetest"
	"examlink/probe/train"
	"examlink/probe/verdict"
	"examlink/probe/wire"
)

// Chosen by us.
const (
	// returnTime is how long a check waits for a link that is interrupted: as long as
	// an interruption that no policy allows.
	returnTime = 30 * time.Second
	returnPoll = 100 * time.Millisecond
	// returnsMost is how often one train is repeated after an interruption.
	returnsMost = 3
	// busyReturns is how often a train is requested again, each time for some 4 s,
	// while the server waits for the rest of one that was interrupted.
	busyReturns = 5
	// gapMost is the longest gap in which packets merely got lost; a longer one
	// interrupts what is being measured.
	gapMost = time.Second
)

// patient runs the trains of a line and repeats those that an interruption spoils,
// once the link is back.
type patient struct{ Line }

var _ ratetest.Runner = (*patient)(nil)

// RunTrain implements ratetest.Runner.
func (p *patient) RunTrain(ctx context.Context, r wire.TrainRequest) (wire.TrainReport, train.Sent, error) {
	for tries, busy := 1, 0; ; {
		rep, sent, err := p.Line.RunTrain(ctx, r)
		var refused *RefusedError
		reason, _ := link.ReasonOf(err)
		switch {
		case err == nil && (rep.Received > 0 || !p.silent()):
			return rep, sent, nil
		case ctx.Err() != nil:
			return rep, sent, err
		case tries > 1 && busy < busyReturns && errors.As(err, &refused) && refused.Reason == wire.RefusedBusy:
			busy++
			continue // the server has not given up the train that was interrupted
		case err != nil && reason != link.ReasonSilent, tries > returnsMost:
			return rep, sent, err
		}
		tries++
		if back := p.awaitReturn(ctx); back != nil {
			return rep, sent, back
		}
	}
}

// silence returns how long no packet has come back.
func (p *patient) silence() time.Duration {
	d, _ := p.Probes().Silent(p.Now())
	return d
}

// silent reports whether packets have stopped coming back.
func (p *patient) silent() bool { return p.silence() > gapMost }

// awaitReturn waits until packets come back.
func (p *patient) awaitReturn(ctx context.Context) error {
	for p.silent() {
		if p.silence() >= returnTime {
			return &link.Error{Reason: link.ReasonSilent, Server: p.Opened().Server, Err: fmt.Errorf("no packet came back for %v", returnTime)}
		}
		if err := p.Sleep(ctx, returnPoll); err != nil {
			return err
		}
	}
	return nil
}

// interrupted reports whether an error is the end of a link that had been measured.
func (c *check) interrupted(err error) bool {
	reason, _ := link.ReasonOf(err)
	_, measured := c.s.Probes().RoundTrip()
	return measured && (reason == link.ReasonSilent || reason == link.ReasonClosed || reason == link.ReasonNoNetwork)
}

// breakOff judges what was measured before an interruption ended the check.
func (c *check) breakOff(ctx context.Context, err error) {
	if c.idle == nil { // it was still being observed
		c.idle = c.s.Probes().Begin(c.o.Clock.Now())
	}
	account := c.s.Probes().Finish(c.idle, c.o.Clock.Now())
	c.figures(account)
	why := whyLink
	if c.serverGone = c.s.ServerEnded(ctx, err, c.run.silent); c.serverGone {
		why = whyServer
		c.r.LongestGap = c.s.Probes().LongestGapBetween().Seconds()
	}
	c.r.Interrupted = why + ": " + err.Error()
	for _, x := range c.ways {
		if x.floor.Outcome == ratetest.FloorInconclusive {
			x.floor.Why = why
		}
		if x.capacity.Rate.Value == nil {
			x.capacity.Why = why
		}
		if x.goodput.Value == nil {
			x.goodput.Why = why
		}
		if x.load.Rise == nil {
			x.loaded.Why = why
		}
	}
	facts := verdict.Facts{}
	delayFacts(facts, account)
	c.r.judge(c.o, facts, account)
	if c.serverGone {
		c.r.Verdict = c.r.Verdict.Withdrawn(why)
	}
	c.say(len(c.plan)-1, string(c.r.Verdict.Outcome))
}
