package probe

import (
	"context"
	"fmt"
	"time"

	"examlink/probe/monitor"
	"examlink/probe/verdict"
)

// looksMost is how often the idle link is observed at most. Chosen by us.
const looksMost = 3

// eventful are the criteria that one event on the idle link, such as a scan of the
// Wi-Fi, decides in a few seconds.
var eventful = []verdict.Criterion{verdict.DelayVariationDown, verdict.DelayVariationUp, verdict.LossDown, verdict.LossUp}

// lookAgain observes the idle link again while what was seen of it is unclear, or
// misses a bound: a single event is no property of the link. first is the account of
// the first look; drain is how long buffers take to empty. It returns the facts and the
// account of all looks.
func lookAgain(ctx context.Context, s Line, o *Options, first *monitor.Account, drain time.Duration) (verdict.Facts, *monitor.Account, error) {
	facts := verdict.Facts{}
	delayFacts(facts, first)
	all := *first
	for n := 1; n < looksMost && doubtful(o.Policy, facts); n++ {
		s.SetInterval(o.Check.IdleInterval)
		if err := s.Sleep(ctx, drain); err != nil {
			return nil, nil, err
		}
		drain = 0
		s.Probes().Begin(o.Clock.Now())
		if err := s.Sleep(ctx, o.Check.IdleTime); err != nil {
			return nil, nil, err
		}
		w := s.Probes().Begin(o.Clock.Now())
		s.SetInterval(o.Check.LoadInterval)
		if err := settle(ctx, s, o, w); err != nil {
			return nil, nil, err
		}
		account := s.Probes().Finish(w, o.Clock.Now())
		latest, pooled := verdict.Facts{}, verdict.Facts{}
		delayFacts(latest, account)
		all.Merge(account)
		delayFacts(pooled, &all)
		facts = confirmed(o.Policy.Minimum, facts, latest, pooled)
	}
	return facts, &all, nil
}

// settle waits until the packets of a window have come back or are lost.
func settle(ctx context.Context, s Line, o *Options, w *monitor.Window) error {
	until := o.Clock.Now() + settleAtMost
	for !s.Probes().SettledBefore(w, o.Clock.Now()) && o.Clock.Now() < until {
		if err := s.Sleep(ctx, settlePoll); err != nil {
			return err
		}
	}
	return nil
}

// doubtful reports whether an eventful criterion misses a bound, or is unclear, by
// what was measured.
func doubtful(p verdict.Policy, facts verdict.Facts) bool {
	for _, r := range verdict.Judge(p, facts).Reasons {
		for _, c := range eventful {
			if r.Criterion == c && r.Value != nil && (r.AgainstMin == verdict.Missed || r.AgainstMin == verdict.Unclear || variation(c) && r.AgainstRec == verdict.Missed) {
				return true
			}
		}
	}
	return false
}

func variation(c verdict.Criterion) bool {
	return c == verdict.DelayVariationDown || c == verdict.DelayVariationUp
}

// confirmed returns what two looks say together. Where the latest look is clearly
// better, the earlier one saw an event; else all packets count.
func confirmed(limit verdict.Bounds, before, latest, pooled verdict.Facts) verdict.Facts {
	out := pooled
	for _, c := range eventful {
		was, is := before[c], latest[c]
		if was.Value == nil || is.Value == nil {
			continue
		}
		switch {
		case variation(c) && *is.Value < *was.Value:
			if most := limit.DelayVariation.Seconds(); *was.Value > most && *is.Value <= most {
				is.Why = fmt.Sprintf("it was %s at first, and not again", verdict.Format(*was.Value, "s"))
			}
			out[c] = is
		case variation(c):
			out[c] = was
		case was.Low != nil && is.High != nil && *was.Low > *is.High:
			is.Why = fmt.Sprintf("it was %s at first, and not again", verdict.Format(*was.Value, "ratio"))
			out[c] = is
		}
	}
	return out
}
