package session

import (
	"slices"

	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/verdict"
)

// judged returns the server's own view of a check: what the client says of its link, by
// the exam's policy, corrected by what the server saw itself, which are the upload and
// the transport. A verdict by another policy than the exam's says nothing about the
// exam.
//
// An upload below the minimum counts unless another reading of the check met it: then
// the link varies, or one is wrong. Over TCP a low reading proves nothing.
func judged(claim verdict.Summary, p verdict.Policy, up uploads, transport link.Transport) verdict.Summary {
	own := verdict.Summary{Policy: p.Name, Version: p.Version, Outcome: verdict.Inconclusive}
	other := claim.Policy != p.Name || claim.Version != p.Version
	if !other {
		own.Missed, own.Unclear, own.Below = slices.Clone(claim.Missed), slices.Clone(claim.Unclear), slices.Clone(claim.Below)
	}
	if transport != link.WebSocket && up.below(p.Minimum.Upload) {
		not := func(c verdict.Criterion) bool { return c == verdict.Upload }
		own.Unclear, own.Below = slices.DeleteFunc(own.Unclear, not), slices.DeleteFunc(own.Below, not)
		own.Missed = with(own.Missed, verdict.Upload)
	}
	if transport == link.WebSocket {
		own.Below = with(own.Below, verdict.UDP)
	}
	switch {
	case len(own.Missed) > 0:
		own.Outcome = verdict.NotReady
	case other, len(own.Unclear) > 0, claim.Outcome == verdict.Inconclusive:
	case len(own.Below) > 0, claim.Outcome != verdict.Ready:
		own.Outcome = verdict.Marginal
	default:
		own.Outcome = verdict.Ready
	}
	return own
}

// uploads is what the server read of a session's upload.
type uploads struct {
	last Rate    // the latest reading that says anything
	best float64 // the highest lower bound of all, bit/s
}

// add takes a reading.
func (u *uploads) add(r Rate) {
	if r.Value == nil && r.Low == nil {
		return
	}
	u.last = r
	if r.Low != nil {
		u.best = max(u.best, *r.Low)
	}
}

// below reports whether the upload is below a bound by all that was read.
func (u *uploads) below(bound ippm.Rate) bool {
	return u.last.Against(bound) == BelowBound && u.best < float64(bound)*(1-verdict.Tolerance)
}

// with returns the list with a criterion.
func with(list []verdict.Criterion, c verdict.Criterion) []verdict.Criterion {
	if slices.Contains(list, c) {
		return list
	}
	return append(list, c)
}
