package session

import (
	"slices"

	"examlink/probe/link"
	"examlink/probe/verdict"
)

// judged returns the server's own view of a check: what the client says of its link, by
// the exam's policy, corrected by what the server saw itself, which are the upload and
// the transport. A verdict by another policy than the exam's says nothing about the
// exam.
func judged(claim verdict.Summary, p verdict.Policy, up Rate, transport link.Transport) verdict.Summary {
	own := verdict.Summary{Policy: p.Name, Version: p.Version, Outcome: verdict.Inconclusive}
	other := claim.Policy != p.Name || claim.Version != p.Version
	if !other {
		own.Missed, own.Unclear, own.Below = slices.Clone(claim.Missed), slices.Clone(claim.Unclear), slices.Clone(claim.Below)
	}
	if up.Against(p.Minimum.Upload) == BelowBound {
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

// with returns the list with a criterion.
func with(list []verdict.Criterion, c verdict.Criterion) []verdict.Criterion {
	if slices.Contains(list, c) {
		return list
	}
	return append(list, c)
}
