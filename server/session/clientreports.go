package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"examlink/probe/verdict"
	"examlink/probe/warning"
	"examlink/probe/wire"
	"examlink/server/event"
)

// Chosen by us.
const (
	reportRate    = 10  // sustained reports per second of one session
	reportBurst   = 100 // at once: reports queued during an outage
	claimWarnings = 16  // kept per session
	claimMinutes  = 5
	// originsPerSession times the maximum number of sessions is the number of
	// origins whose report numbers are remembered. Above it the server forgets all
	// and may accept a repeat.
	originsPerSession = 4

	evidenceMost = 500 // bytes of evidence text that are kept
	subjectMost  = 64
	policyMost   = 64
)

// Claims is what a session's client reports of itself and its link, unverified
// by the server. Read-only.
type Claims struct {
	Reports  uint64            `json:"reports"`  // accepted, without repeats
	Warnings []warning.Warning `json:"warnings"` // latest state of the latest warnings, in the order they were raised
	Minutes  []json.RawMessage `json:"minutes"`  // figures, latest last
	Last     time.Time         `json:"last"`     // the server's clock when the last report arrived
	Dropped  wire.Dropped      `json:"dropped"`  // reports the client dropped for lack of space
	Verdict  *verdict.Summary  `json:"verdict"`  // of the client's check; nil: none yet
}

// clientReports collects the reports of a session's client. The session's lock
// guards it.
type clientReports struct {
	Claims
	statement verdict.Statement // Verdict with its figures
	statedAt  time.Time         // the client's clock
	judged    *verdict.Summary  // the server's own view of Verdict
	receipt   string            // of the check; "": not issued
	figures   Figures           // of the latest minute
	origins   []string          // of Warnings
	limit     *rate.Limiter
}

// Active returns the client's active warnings.
func (c Claims) Active() (out []event.ClaimedWarning) {
	for _, w := range c.Warnings {
		if w.Active() {
			out = append(out, event.ClaimedWarning{Kind: w.Kind, Since: w.Start, Cause: w.Cause})
		}
	}
	return out
}

// claimed returns a copy of the client's reports. Called locked.
func (s *Session) claimed() *Claims {
	if s.reports.Reports == 0 {
		return nil
	}
	c := s.reports.Claims
	return &c
}

// TakeReport accepts a client's report. The error is a *Refusal.
func (r *Registry) TakeReport(s *Session, p wire.Report) error {
	bad := func(format string, args ...any) error {
		return &Refusal{wire.RefusedRequest, fmt.Sprintf("report: "+format, args...)}
	}
	switch {
	case p.Number == 0 || !isOrigin(p.Origin):
		return bad("number %d of origin %q, expected a number of 1 or more and an origin of 1 to %d letters and digits", p.Number, p.Origin, wire.MaxOrigin)
	case !slices.Contains(wire.ReportKinds(), p.Kind):
		return bad("kind %q, expected one of %q", p.Kind, wire.ReportKinds())
	case len(p.Contents) > wire.MaxReport:
		return bad("contents of %d bytes, expected at most %d", len(p.Contents), wire.MaxReport)
	}
	repeated, first, own, err := r.addReport(s, p)
	var refusal *Refusal
	switch {
	case errors.As(err, &refusal):
		return refusal
	case err != nil:
		return bad("%v", err)
	}
	r.publish(s, event.Report{About: p.Kind, Repeated: repeated, Minute: s.minute(p.Kind, repeated)})
	if first != nil {
		r.publish(s, event.Verdict{Summary: *first, Judged: *own})
	}
	return nil
}

// minute returns the figures of a minute's report that was taken; nil for other reports.
func (s *Session) minute(k wire.ReportKind, repeated bool) *event.Minute {
	if k != wire.ReportMinute || repeated {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.reports.figures
	return &event.Minute{RoundTrip: f.RoundTrip, LossUp: f.LossUp, LossDown: f.LossDown}
}

// addReport adds a report to its session. first and own, the server's view of it, are
// set by the session's first verdict.
func (r *Registry) addReport(s *Session, p wire.Report) (repeated bool, first, own *verdict.Summary, err error) {
	wall := r.o.Clock.Wall()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reports.limit == nil {
		s.reports.limit = rate.NewLimiter(reportRate, reportBurst)
	}
	if !s.reports.limit.AllowN(time.Unix(0, int64(r.o.Clock.Now())), 1) {
		return false, nil, nil, &Refusal{wire.RefusedLimit, fmt.Sprintf("expected at most %d reports per second", reportRate)}
	}
	if !r.reports.above(s.Token, p.Origin, p.Number) {
		return true, nil, nil, nil
	}
	known := s.reports.Verdict != nil
	if err := s.reports.take(p, wall); err != nil {
		return false, nil, nil, err
	}
	r.reports.note(s.Token, p.Origin, p.Number)
	s.reports.Reports++
	s.reports.Last = wall
	if v := s.reports.Verdict; v != nil && !known {
		x := judged(*v, r.o.Policy(s.Policy), s.uploads, s.transport())
		s.reports.judged = &x
		return false, v, &x, nil
	}
	return false, nil, nil, nil
}

func isOrigin(s string) bool {
	for _, r := range s {
		if (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return false
		}
	}
	return s != "" && len(s) <= wire.MaxOrigin
}

// take adds the contents of a report that arrived at now. Called locked.
func (c *clientReports) take(r wire.Report, now time.Time) error {
	switch r.Kind {
	case wire.ReportWarning:
		var w warning.Warning
		if err := json.Unmarshal(r.Contents, &w); err != nil {
			return errors.New("contents are not a warning")
		}
		return c.warning(r.Origin, w)
	case wire.ReportMinute:
		var any map[string]json.RawMessage
		if err := json.Unmarshal(r.Contents, &any); err != nil {
			return errors.New("contents are not an object")
		}
		c.Minutes = append(slices.Clip(c.Minutes), r.Contents) // a copy: Claims share the old slice
		c.Minutes = c.Minutes[max(len(c.Minutes)-claimMinutes, 0):]
		c.figures = figuresOf(r.Contents, now)
	case wire.ReportDropped:
		var d wire.Dropped
		if err := json.Unmarshal(r.Contents, &d); err != nil {
			return errors.New("contents are not a count of dropped reports")
		}
		c.Dropped = d
	case wire.ReportVerdict:
		var g verdict.Statement
		if err := json.Unmarshal(r.Contents, &g); err != nil {
			return errors.New("contents are not a verdict")
		}
		if err := g.Validate(); err != nil {
			return fmt.Errorf("verdict: %w", err)
		}
		if c.Verdict == nil { // a check has one verdict
			g.Policy, g.Version = clip(g.Policy, policyMost), clip(g.Version, policyMost)
			c.Verdict, c.statement, c.statedAt = &g.Summary, g, r.At
		}
	}
	return nil
}

// warning replaces the earlier state of a warning.
func (c *clientReports) warning(origin string, w warning.Warning) error {
	if w.ID <= 0 || !slices.Contains(warning.Kinds(), w.Kind) {
		return fmt.Errorf("a warning of kind %q and id %d, expected a known kind and an id of 1 or more", w.Kind, w.ID)
	}
	if !slices.Contains(warning.Causes(), w.Cause) {
		w.Cause = warning.NotKnown
	}
	w.Evidence, w.Subject = clip(w.Evidence, evidenceMost), clip(w.Subject, subjectMost)
	list := slices.Clone(c.Warnings) // Claims share the old slice
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
