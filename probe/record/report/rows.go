package report

import (
	"fmt"
	"time"

	"examlink/probe/record"
	"examlink/probe/warning"
)

// Text and page show the same rows.

// pair is a name and its value.
type pair struct{ Name, Value string }

// about returns the rows that identify the record.
func (a *Account) about() []pair {
	out := []pair{
		{"Exam", a.Exam},
	}
	if a.Student != "" {
		out = append(out, pair{"Student", a.Student})
	}
	out = append(out, a.examRows()...)
	out = append(out,
		pair{"Record from", a.From.Format("2006-01-02 15:04:05")},
		pair{"Record to", a.To.Format("2006-01-02 15:04:05") + ", times are " + a.Zone},
		pair{"Watched", seconds(a.Watched)},
		pair{"Policy", fmt.Sprintf("%s, version %s: at least %s down and %s up%s", a.Policy.Name, a.Policy.Version,
			rate(a.Policy.Minimum.Download), rate(a.Policy.Minimum.Upload), a.recommended())},
		pair{"Server", a.Server},
		pair{"Client", fmt.Sprintf("examlink %s on %s", a.Client, a.System)},
	)
	for i, s := range a.Sessions {
		name := "Session"
		if i > 0 {
			name = ""
		}
		out = append(out, pair{name, s})
	}
	return out
}

func (a *Account) recommended() string {
	r := a.Policy.Recommended
	if r.Download <= 0 || r.Upload <= 0 {
		return ""
	}
	return fmt.Sprintf(", recommended %s and %s", rate(r.Download), rate(r.Upload))
}

// rateRow compares one direction with the policy.
type rateRow struct{ Name, Below, Tests, Lowest, Missed, Recommended string }

func (a *Account) rates() (out []rateRow) {
	for _, d := range []struct {
		name string
		d    Direction
	}{{"download", a.Down}, {"upload", a.Up}} {
		r := rateRow{Name: d.name, Below: "unknown", Tests: count(d.d.Tests), Lowest: reading(d.d.Lowest, d.d.AtLeast),
			Missed: count(d.d.Below), Recommended: "-"}
		if d.d.BelowFor != nil {
			r.Below = percent(*d.d.BelowShare)
			if *d.d.BelowFor > 0 {
				r.Below = fmt.Sprintf("%s (%s)", percent(*d.d.BelowShare), seconds(*d.d.BelowFor))
			}
		}
		if d.d.Recommended > 0 {
			r.Recommended = count(d.d.BelowRecommended)
		}
		out = append(out, r)
	}
	return out
}

// gapRow is one gap.
type gapRow struct{ N, Start, End, Lasted, Cause, Words string }

func (a *Account) gapRows() (out []gapRow) {
	for _, g := range a.Gaps {
		r := gapRow{fmt.Sprintf("G%d", g.N), a.clock(g.From.Time), a.clock(g.To.Time), seconds(g.Duration), g.Title(), g.Remark()}
		if g.To.Before(g.From.Time) {
			r.Lasted = "set back"
		}
		out = append(out, r)
	}
	return out
}

// warningRow is one warning.
type warningRow struct{ N, Start, End, Lasted, Title, Evidence string }

func (a *Account) warningRows() (out []warningRow) {
	for _, w := range a.Warnings {
		r := warningRow{N: fmt.Sprintf("W%d", w.N), Start: a.clock(w.Start), End: "unknown", Lasted: "-", Title: w.Title(), Evidence: w.Details()}
		switch {
		case w.State == record.Raised && !w.LostSight:
			r.End = "active"
		case !w.End.IsZero() && !w.Active():
			r.End, r.Lasted = a.clock(w.End), seconds(w.End.Sub(w.Start).Seconds())
		}
		if w.Kind == warning.Clock {
			r.Lasted = "-"
		}
		if w.Episodes > 1 {
			r.Title += fmt.Sprintf(" (comes and goes, %d times)", w.Episodes)
		}
		out = append(out, r)
	}
	return out
}

// figureRow is one figure over the minutes.
type figureRow struct{ Name, Middle, Worst, When string }

func (a *Account) figureRows() (out []figureRow) {
	f := a.Figures
	add := func(name string, s *Spread, format func(float64) string) {
		if s == nil {
			out = append(out, figureRow{name, "unknown", "unknown", "-"})
			return
		}
		when := a.clock(s.At.Time)
		if s.Worst == 0 {
			when = "-"
		}
		out = append(out, figureRow{name, format(s.Middle), format(s.Worst), when})
	}
	add("round-trip delay, median", f.RoundTrip, delay)
	add("round-trip delay, 99th percentile", f.RoundTrip99, delay)
	add("one-way delay up, median", f.OneWayUp, delay)
	add("one-way delay down, median", f.OneWayDown, delay)
	add("delay variation (PDV) up, 95th percentile", f.PDVUp, delay)
	add("delay variation (PDV) down, 95th percentile", f.PDVDown, delay)
	add("delay change (IPDV) up, median", f.IPDVUp, delay)
	add("delay change (IPDV) down, median", f.IPDVDown, delay)
	add("loss up, outside interruptions", f.LossUp, percent)
	add("loss down, outside interruptions", f.LossDown, percent)
	return out
}

// totals returns the counts over all minutes.
func (a *Account) totals() []pair {
	f := a.Figures
	lost := func(n, of uint64) string {
		s := share(n, of)
		if s == nil {
			return count(int(n))
		}
		return fmt.Sprintf("%s (%s)", count(int(n)), percent(*s))
	}
	out := []pair{
		{"Packets sent", count(int(f.Sent))},
		{"Lost in interruptions", count(int(f.LostInGaps))},
		{"Lost at other times", lost(f.outside.all(), f.outside.sent)},
		{"Lost at other times, up", lost(f.outside.up, f.outside.sent)},
		{"Lost at other times, down", lost(f.outside.down, f.outside.sent-min(f.outside.up, f.outside.sent))},
		{"Lost at other times, unknown direction", lost(f.outside.unknown, f.outside.sent)},
		{"Not sent on time, computer busy", count(int(f.Unsent))},
		{"Traffic of examlink", fmt.Sprintf("%s up, %s down%s", megabytes(f.BytesUp), megabytes(f.BytesDown), a.cost())},
	}
	if f.OverTCP > 0 {
		out = append(out, pair{"Sent over TCP because UDP was blocked", count(int(f.OverTCP)) + "; losses show up as delay there"})
	}
	longest := "none"
	if g := a.Longest; g != nil {
		longest = fmt.Sprintf("%s from %s: %s", seconds(g.Duration), a.clock(g.From.Time), g.Title())
	}
	return append(out, pair{"Longest gap", longest})
}

func (a *Account) cost() string {
	if a.Watched < time.Minute.Seconds() {
		return ""
	}
	kbit := func(n int64) float64 { return float64(n) * 8 / 1000 / a.Watched }
	return fmt.Sprintf(" (%.1f and %.1f kbit/s)", kbit(a.Figures.BytesUp), kbit(a.Figures.BytesDown))
}
