package probe

import (
	"context"
	"examlink/probe/ippm"
	"examlink/probe/monitor"
	"examlink/probe/wire"
)

// settle waits for the last packets of the idle link.
func (c *check) settle(ctx context.Context) error {
	c.say(7, "")
	return settle(ctx, c.s, &c.o, c.idle)
}

// conclude judges what was measured.
func (c *check) conclude(ctx context.Context) error {
	facts, account, err := lookAgain(ctx, c.s, &c.o, c.s.Probes().Finish(c.idle, c.o.Clock.Now()), drained(c.ways))
	if err != nil {
		return err
	}
	c.figures(account)
	c.r.judge(c.o, facts, account)
	c.r.Receipt, c.r.ReceiptOwed = c.s.ReportVerdict(ctx, c.r.Verdict)
	c.say(7, string(c.r.Verdict.Outcome))
	return nil
}

// figures adds the figures of the monitor stream and the cost of the check.
func (c *check) figures(idle *monitor.Account) {
	r, now := &c.r, c.o.Clock.Now()
	r.Idle = idle.Figures()
	for _, x := range c.ways {
		if x.loading != nil {
			*x.loaded = monitor.NewLoaded(c.s.Probes().Finish(x.loading, now), x.load.Rise, x.load.Full, r.Idle.RoundTrip.Median)
		}
		x.loaded.Why = x.load.Why
	}
	r.LongestGap = c.s.Probes().LongestGap(now).Seconds()
	if skew, ok := c.s.Probes().Skew(); ok {
		skew *= 1e6
		r.SkewPPM = &skew
	}
	r.BytesDown, r.BytesUp = c.s.OwnBytes()
	r.OthersDown, r.OthersUp = c.beside.Rate(wire.Down), c.beside.Rate(wire.Up)
	r.Duration = ippm.Seconds(now - c.began)
}
