package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"examlink/probe"
	"examlink/probe/equipment"
	"examlink/probe/verdict"
)

// Chosen by us.
const (
	usualWidth = 80 // columns where there is no terminal
	leastWidth = 60
	mostWidth  = 100 // of running text
	wideTable  = 80  // columns for the recommended bounds, too
)

// always are the criteria that every report shows; others are shown if they are not
// good.
var always = []verdict.Criterion{verdict.Download, verdict.Upload, verdict.RoundTripDelay}

// colours of outcomes: SGR parameters.
var colours = map[verdict.Outcome]string{verdict.Ready: "1;32", verdict.Marginal: "1;33", verdict.NotReady: "1;31", verdict.Inconclusive: "1;33"}

// headline writes the verdict.
func (p *page) headline(v verdict.Verdict) { p.coloured(colours[v.Outcome], v.Sentence) }

// printReport prints the figures, what missed first, then what to do, and the verdict
// at the end, where a terminal shows it. verbose adds the rest.
func printReport(w io.Writer, r probe.Report, verbose bool) {
	p := newPage(w)
	hidden := p.table(r.Verdict.Reasons, verbose)
	if hidden > 0 {
		p.text(0, fmt.Sprintf("%d more are good; --verbose shows them.", hidden))
	}
	for _, x := range r.Verdict.Reasons {
		if x.Good() && x.Why != "" && x.AgainstRec != verdict.Hidden && x.AgainstMin != verdict.Hidden && x.Value != nil {
			p.text(2, fmt.Sprintf("%s: %s.", x.Criterion.Name(), x.Why))
		}
	}
	if verbose {
		p.details(r)
	} else if down, up := r.OthersDown, r.OthersUp; down != nil && up != nil && busyBeside(r) {
		p.text(0, aboutOthers(r))
	}
	p.computer(r.Equipment)
	said := map[string]bool{}
	for _, x := range verdict.WorstFirst(r.Verdict.Reasons) {
		if x.Remedy == "" || said[x.Remedy] {
			continue
		}
		if len(said) == 0 {
			fmt.Fprintln(w, "\nWhat to do:")
		}
		said[x.Remedy] = true
		p.text(2, fmt.Sprintf("- %s: %s", x.Criterion.Name(), x.Remedy))
	}
	if ahead := r.ClockAhead.Duration(); ahead.Abs() >= probe.ClockWrong {
		fmt.Fprintln(w)
		p.text(0, clockWords(ahead))
	}
	fmt.Fprintln(w)
	if r.Interrupted != "" {
		why, _, _ := strings.Cut(r.Interrupted, ": ")
		p.text(0, fmt.Sprintf("The check ended early: %s. The figures are from before. Test again.", why))
	}
	p.headline(r.Verdict)
	if also := r.Verdict.AlsoMissed(); also != "" {
		p.text(0, also)
	}
	if e := r.Equipment; e != nil && e.Outcome != equipment.Unasked {
		p.coloured(computerColours[e.Outcome], e.Sentence)
	}
	p.text(0, fmt.Sprintf("Judged by policy %s, version %s, in %.0f s with %.1f MB.", r.Policy.Name, r.Policy.Version,
		r.Duration.Seconds(), float64(r.BytesDown+r.BytesUp)/1e6))
}

// table prints the criteria and returns how many good ones it left out.
func (p *page) table(reasons []verdict.Reason, verbose bool) (hidden int) {
	t := tabwriter.NewWriter(p.w, 0, 0, 2, ' ', 0)
	wide := p.width >= wideTable
	row := func(cells ...string) {
		if !wide {
			cells = slices.Delete(cells, 3, 4)
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	row("", "measured", "required", "advised", "")
	for _, x := range verdict.WorstFirst(reasons) {
		if x.Good() && !verbose && !slices.Contains(always, x.Criterion) {
			hidden++
			continue
		}
		row(x.Criterion.Name(), verdict.FormatValue(x), bound(x.Minimum, x.Unit), bound(x.Recommended, x.Unit), x.Standing())
		if verbose && x.Low != nil && x.High != nil && *x.Low != *x.High {
			row("  95 %", verdict.Format(*x.Low, x.Unit)+" to "+verdict.Format(*x.High, x.Unit), "", "", "")
		}
	}
	_ = t.Flush()
	return hidden
}

// details prints what a verbose report adds.
func (p *page) details(r probe.Report) {
	if m := r.Idle.RoundTrip.Median; m != nil {
		s := "Round trip " + verdict.Format(*m, "s")
		for _, l := range []struct {
			name string
			l    probe.Loaded
		}{{"download", r.LoadedDown}, {"upload", r.LoadedUp}} {
			if rise := l.l.Rise; rise != nil {
				s += fmt.Sprintf(", %s more while a %s fills the link", verdict.Format(*rise, "s"), l.name)
			}
		}
		p.text(0, s+".")
	}
	if down, up := r.GoodputDown.Value, r.GoodputUp.Value; down != nil && up != nil {
		p.text(0, fmt.Sprintf("One QUIC stream carried %s down and %s up (goodput, including start-up).", verdict.Format(*down, "bit/s"), verdict.Format(*up, "bit/s")))
	}
	p.text(0, aboutOthers(r))
	by := "over UDP"
	if r.Transport == probe.TransportWebSocket {
		by = "over WebSocket (TCP)"
	}
	if mtu := r.PathMTU; mtu != nil {
		p.text(0, fmt.Sprintf("Packets of %d bytes pass both ways.", *mtu))
	}
	p.text(0, fmt.Sprintf("Measured against %s %s with %.2f MB down and %.2f MB up. The policy is from: %s, %s.",
		r.Server, by, float64(r.BytesDown)/1e6, float64(r.BytesUp)/1e6, r.Policy.Source, r.Policy.Date))
}

// leastOthers is the share of the minimum from which other programs' traffic is
// reported.
const leastOthers = 0.05

// aboutOthers reports the traffic of other programs on this computer during the
// check.
func aboutOthers(r probe.Report) string {
	down, up := r.OthersDown, r.OthersUp
	switch {
	case down == nil || up == nil:
		return "We could not tell whether other programs on this computer used the link during the test; if they did, the rates shown are too low."
	case !busyBeside(r):
		return "Other programs on this computer hardly used the link during the test. The traffic of other devices in your home cannot be seen from here."
	}
	return fmt.Sprintf("Other programs on this computer received %s and sent %s during the test. The rates above include that traffic. Close those programs before the exam.",
		verdict.Format(*down, "bit/s"), verdict.Format(*up, "bit/s"))
}

// busyBeside reports whether other programs used the link noticeably; their traffic
// must be known.
func busyBeside(r probe.Report) bool {
	return *r.OthersDown >= leastOthers*float64(r.Policy.Minimum.Download) || *r.OthersUp >= leastOthers*float64(r.Policy.Minimum.Upload)
}

func bound(v float64, unit string) string {
	if v <= 0 {
		return "-"
	}
	return verdict.Format(v, unit)
}
