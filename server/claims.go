package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"examlink/probe/verdict"
	"examlink/probe/warning"
	"examlink/probe/wire"
)

// Chosen by us.
const (
	reportRate    = 10  // reports a second of one session, sustained
	reportBurst   = 100 // at once: what an outage kept back
	claimWarnings = 16  // that are kept of a session
	claimMinutes  = 5
	// originsPerSession times the sessions there may be is how many origins the
	// server knows the numbers of; beyond it forgets all, and may take a repeat.
	originsPerSession = 4

	evidenceMost = 500 // bytes of words that are kept
	subjectMost  = 64
	policyMost   = 64
)

// Claims is what a session's client reports of itself and its link: its word,
// and nothing the server has seen. Not to be changed.
type Claims struct {
	Reports  uint64            `json:"reports"`  // taken, repeats left out
	Warnings []warning.Warning `json:"warnings"` // as they stand, the latest ones, in the order they were raised
	Minutes  []json.RawMessage `json:"minutes"`  // figures, the latest last
	Last     time.Time         `json:"last"`     // the server's clock when the last report came
	Dropped  wire.Dropped      `json:"dropped"`  // what the client had no room to keep
	Verdict  *verdict.Gist     `json:"verdict"`  // of its check; nil: none yet
}

// claims gathers what a session's client reports.
type claims struct {
	Claims
	figures figures  // of the latest minute
	origins []string // of Warnings
	limit   *rate.Limiter
}

// takeReport takes a report, or says why not.
func (s *Server) takeReport(ss *session, r wire.Report) error {
	bad := func(format string, args ...any) error {
		return &refusal{wire.RefusedRequest, fmt.Sprintf("report: "+format, args...)}
	}
	switch {
	case r.Number == 0 || !isOrigin(r.Origin):
		return bad("number %d of origin %q, expected a number from 1 and 1 to %d letters and digits", r.Number, r.Origin, wire.MaxOrigin)
	case !slices.Contains(wire.ReportKinds(), r.Kind):
		return bad("kind %q, expected one of %q", r.Kind, wire.ReportKinds())
	case len(r.Contents) > wire.MaxReport:
		return bad("contents of %d bytes, at most %d", len(r.Contents), wire.MaxReport)
	}
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if ss.claims.limit == nil {
		ss.claims.limit = rate.NewLimiter(reportRate, reportBurst)
	}
	if !ss.claims.limit.Allow() {
		return &refusal{wire.RefusedLimit, fmt.Sprintf("more than %d reports a second", reportRate)}
	}
	if !s.reports.above(ss.token, r.Origin, r.Number) {
		s.metrics.repeated.Inc()
		return nil
	}
	judged := ss.claims.Verdict != nil
	if err := ss.claims.take(r, s.o.Clock.Wall()); err != nil {
		return bad("%v", err)
	}
	if v := ss.claims.Verdict; v != nil && !judged {
		s.metrics.verdict(*v)
		s.o.Log.Info("verdict of a check", "session", ss.id, "exam", ss.exam, "outcome", v.Outcome, "missed", v.Missed, "unclear", v.Unclear, "below", v.Below)
	}
	s.reports.note(ss.token, r.Origin, r.Number)
	ss.claims.Reports++
	ss.claims.Last = s.o.Clock.Wall()
	s.metrics.reports.WithLabelValues(string(r.Kind)).Inc()
	return nil
}

func isOrigin(s string) bool {
	for _, r := range s {
		if (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return false
		}
	}
	return s != "" && len(s) <= wire.MaxOrigin
}

// take adds the contents of a report that comes at now. Called locked.
func (c *claims) take(r wire.Report, now time.Time) error {
	switch r.Kind {
	case wire.ReportWarning:
		var w warning.Warning
		if err := json.Unmarshal(r.Contents, &w); err != nil {
			return errors.New("contents are no warning")
		}
		return c.warning(r.Origin, w)
	case wire.ReportMinute:
		var any map[string]json.RawMessage
		if err := json.Unmarshal(r.Contents, &any); err != nil {
			return errors.New("contents are no object")
		}
		c.Minutes = append(slices.Clip(c.Minutes), r.Contents) // a copy: Claims were handed out
		c.Minutes = c.Minutes[max(len(c.Minutes)-claimMinutes, 0):]
		c.figures = figuresOf(r.Contents, now)
	case wire.ReportDropped:
		var d wire.Dropped
		if err := json.Unmarshal(r.Contents, &d); err != nil {
			return errors.New("contents are no count of what was dropped")
		}
		c.Dropped = d
	case wire.ReportVerdict:
		var g verdict.Gist
		if err := json.Unmarshal(r.Contents, &g); err != nil {
			return errors.New("contents are no verdict")
		}
		if err := g.Validate(); err != nil {
			return fmt.Errorf("verdict: %w", err)
		}
		if c.Verdict == nil { // a check has one
			g.Policy, g.Version = clip(g.Policy, policyMost), clip(g.Version, policyMost)
			c.Verdict = &g
		}
	}
	return nil
}

// warning keeps a warning in place of its earlier state.
func (c *claims) warning(origin string, w warning.Warning) error {
	if w.ID <= 0 || !slices.Contains(warning.Kinds(), w.Kind) {
		return fmt.Errorf("a warning of kind %q and id %d, expected a kind that is known and an id from 1", w.Kind, w.ID)
	}
	if !slices.Contains(warning.Causes(), w.Cause) {
		w.Cause = warning.NotKnown
	}
	w.Evidence, w.Subject = clip(w.Evidence, evidenceMost), clip(w.Subject, subjectMost)
	list := slices.Clone(c.Warnings) // Claims were handed out
	for i, x := range list {
		if c.origins[i] == origin && x.ID == w.ID && x.Kind == w.Kind && x.Subject == w.Subject {
			list[i] = w
			c.Warnings = list
			return nil
		}
	}
	list, c.origins = append(list, w), append(c.origins, origin)
	if n := len(list) - claimWarnings; n > 0 {
		list, c.origins = list[n:], c.origins[n:]
	}
	c.Warnings = list
	return nil
}

func clip(s string, most int) string {
	return strings.ToValidUTF8(s[:min(len(s), most)], "")
}

// heard are the highest numbers of reports taken, by join token and origin. So
// a repeat is one in whatever session it comes.
type heard struct {
	mu      sync.Mutex
	most    int
	highest map[string]uint64
}

// bound changes how many origins are known.
func (h *heard) bound(most int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.most = most
}

func (h *heard) above(token, origin string, n uint64) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return n > h.highest[token+"\x00"+origin]
}

func (h *heard) note(token, origin string, n uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.highest == nil || len(h.highest) >= h.most {
		h.highest = map[string]uint64{}
	}
	h.highest[token+"\x00"+origin] = n
}
