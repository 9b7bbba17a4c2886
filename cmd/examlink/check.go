package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"examlink/cmd/internal/cli"
	"examlink/cmd/internal/daemon"
	"examlink/probe"
	"examlink/probe/agent"
	"examlink/probe/ippm"
	"examlink/probe/verdict"
)

// The highest rate that --full measures, and the bytes it may transfer.
const (
	fullRate  = 1000 * ippm.MbitPerSecond
	fullBytes = 300e6
)

func newCheck(a *cli.App) *cobra.Command {
	asJSON, full := false, false
	c := &cobra.Command{
		Use:   "check [TOKEN]",
		Short: "Tests whether this link can carry the exam",
		Long: `Tests once whether this link can carry the exam, and says what to do if it
cannot. TOKEN is the join token, or @FILE to read it from a file.

The exit code is 0 when the link is ready (or marginal: all minima are met), 3
when it is not, 4 when the result is inconclusive, and 10 to 16 when the test
could not run; docs/students.md lists the codes.`,
		Args: oneToken,
		RunE: func(c *cobra.Command, args []string) error {
			f, err := load(a, c, args)
			if err != nil {
				return err
			}
			if f.Client.Token == "" {
				return errNoToken
			}
			o, err := f.ProbeOptions()
			if err != nil {
				return cli.Usage(err)
			}
			if full {
				o.Check.CapacityMax, o.Check.MaxBytes = fullRate, fullBytes
			}
			o.Version = daemon.Version()
			traffic := agent.NewTraffic(o)
			defer traffic.Close()
			o.Traffic = traffic.Read
			o.Log = daemon.Logger(c.ErrOrStderr(), daemon.Level(f.Log.Level), f.Log.Format)
			show := newProgress(c.ErrOrStderr())
			r, err := probe.Check(c.Context(), o, show.step)
			show.end()
			if err != nil {
				return classify(err, !r.Started.IsZero())
			}
			if asJSON {
				e := json.NewEncoder(c.OutOrStdout())
				e.SetIndent("", "  ")
				if err := e.Encode(r); err != nil {
					return err
				}
			} else {
				printReport(c.OutOrStdout(), r)
			}
			return exitOf(r.Verdict.Outcome)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON (schema "+probe.ReportSchema+")")
	c.Flags().BoolVar(&full, "full", false, "measure rates up to 1 Gbit/s, transferring up to 300 MB")
	a.Flag(c, "server", "client.server", "`host:port` of the server; overrides the one in the token")
	a.Flag(c, "policy", "policy", "`name` of the policy to judge the link by")
	return c
}

// exitOf returns an error that carries the exit code of a verdict; nil: 0.
func exitOf(o verdict.Outcome) error {
	switch o {
	case verdict.NotReady:
		return &verdictError{exitNotReady}
	case verdict.Inconclusive:
		return &verdictError{exitInconclusive}
	}
	return nil
}

// classify makes a usage error of an error that occurred before the measurement
// began: an option is invalid.
func classify(err error, began bool) error {
	if began {
		return err
	}
	return cli.Usage(err)
}

// progress shows the phases of a check: one line that changes on a terminal,
// plain lines elsewhere.
type progress struct {
	w        io.Writer
	terminal bool
	width    int
}

func newProgress(w io.Writer) *progress {
	p := &progress{w: w}
	if f, ok := w.(*os.File); ok {
		p.terminal = term.IsTerminal(int(f.Fd()))
	}
	return p
}

func (p *progress) step(s probe.Progress) {
	line := fmt.Sprintf("[%d/%d] %s", s.Step, s.Of, s.Phase)
	switch {
	case s.Done != "":
		line += ": " + s.Done
	case p.terminal:
		line += fmt.Sprintf(" ... about %d s left", int(s.Remaining.Round(time.Second).Seconds()))
	default:
		return // without a terminal only results get a line
	}
	if !p.terminal {
		fmt.Fprintln(p.w, line)
		return
	}
	pad := max(p.width-len(line), 0)
	fmt.Fprintf(p.w, "\r%s%s", line, strings.Repeat(" ", pad))
	p.width = len(line)
	if s.Done != "" {
		fmt.Fprintln(p.w)
		p.width = 0
	}
}

func (p *progress) end() {
	if p.terminal && p.width > 0 {
		fmt.Fprintln(p.w)
	}
}

var criterionNames = map[verdict.Criterion]string{
	verdict.Download: "download", verdict.Upload: "upload",
	verdict.OneWayDelayDown: "delay, down", verdict.OneWayDelayUp: "delay, up", verdict.RoundTripDelay: "round trip",
	verdict.DelayVariationDown: "delay variation, down", verdict.DelayVariationUp: "delay variation, up",
	verdict.LoadedDelayDown: "added under load, down", verdict.LoadedDelayUp: "added under load, up",
	verdict.LossDown: "loss, down", verdict.LossUp: "loss, up", verdict.Outage: "longest gap", verdict.UDP: "UDP",
}

// printReport prints the verdict first, then the figures, then what to do.
func printReport(w io.Writer, r probe.Report) {
	p := r.Policy
	fmt.Fprintf(w, "%s\n\n", r.Verdict.Sentence)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\tmeasured\t95 % interval\tminimum\trecommended\t")
	for _, reason := range r.Verdict.Reasons {
		interval := "-"
		if reason.Low != nil && reason.High != nil && *reason.Low != *reason.High {
			interval = verdict.Format(*reason.Low, reason.Unit) + " to " + verdict.Format(*reason.High, reason.Unit)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", criterionNames[reason.Criterion], verdict.FormatValue(reason), interval,
			bound(reason.Minimum, reason.Unit), bound(reason.Recommended, reason.Unit), standing(reason))
	}
	_ = t.Flush()
	said := map[string]bool{}
	for _, reason := range r.Verdict.Reasons {
		if reason.Remedy == "" || said[reason.Remedy] {
			continue
		}
		if len(said) == 0 {
			fmt.Fprintln(w, "\nWhat to do:")
		}
		said[reason.Remedy] = true
		fmt.Fprintf(w, "  %s: %s\n", criterionNames[reason.Criterion], reason.Remedy)
	}
	fmt.Fprintln(w)
	if m := r.Idle.RoundTrip.Median; m != nil {
		fmt.Fprintf(w, "Round trip %s", verdict.Format(*m, "s"))
		for _, l := range []struct {
			name string
			l    probe.Loaded
		}{{"while downloading", r.LoadedDown}, {"while uploading", r.LoadedUp}} {
			if m := l.l.RoundTrip.Median; m != nil {
				fmt.Fprintf(w, ", %s %s", verdict.Format(*m, "s"), l.name)
			}
		}
		fmt.Fprintln(w, ".")
	}
	if down, up := r.GoodputDown.Value, r.GoodputUp.Value; down != nil && up != nil {
		fmt.Fprintf(w, "One QUIC stream carried %s down and %s up (goodput, including start-up).\n", verdict.Format(*down, "bit/s"), verdict.Format(*up, "bit/s"))
	}
	fmt.Fprintln(w, aboutOthers(r, p))
	fmt.Fprintf(w, "Judged by policy %s, version %s (%s, %s).\n", p.Name, p.Version, p.Source, p.Date)
	by := "over UDP"
	if r.Transport == probe.TransportWebSocket {
		by = "over WebSocket (TCP)"
	}
	fmt.Fprintf(w, "Measured against %s %s in %.1f s with %.2f MB down and %.2f MB up.\n",
		r.Server, by, r.Duration.Seconds(), float64(r.BytesDown)/1e6, float64(r.BytesUp)/1e6)
}

// leastOthers is the share of the minimum from which other programs' traffic is
// reported.
const leastOthers = 0.05

// aboutOthers reports the traffic of other programs on this computer during the
// check.
func aboutOthers(r probe.Report, p verdict.Policy) string {
	down, up := r.OthersDown, r.OthersUp
	switch {
	case down == nil || up == nil:
		return "We could not tell whether other programs on this computer used the link during the test; if they did, the rates shown are too low."
	case *down < leastOthers*float64(p.Minimum.Download) && *up < leastOthers*float64(p.Minimum.Upload):
		return "Other programs on this computer hardly used the link during the test. The traffic of other devices in your home cannot be seen from here."
	}
	return fmt.Sprintf("Other programs on this computer received %s and sent %s during the test. The rates above include that traffic. Close those programs before the exam.",
		verdict.Format(*down, "bit/s"), verdict.Format(*up, "bit/s"))
}

func bound(v float64, unit string) string {
	if v <= 0 {
		return "-"
	}
	return verdict.Format(v, unit)
}

// standing returns the result for a criterion in words.
func standing(r verdict.Reason) string {
	switch {
	case r.Criterion == verdict.UDP:
		return "recommended"
	case r.AgainstMin == verdict.Hidden:
		return "not measurable over TCP"
	case r.AgainstMin == verdict.Missed:
		if r.Unit != "bit/s" {
			return "over the limit"
		}
		return "below the minimum"
	case r.AgainstMin == verdict.Unclear:
		return "unclear"
	case r.AgainstRec == verdict.Missed:
		if r.Unit != "bit/s" {
			return "more than recommended"
		}
		return "below recommended"
	case r.AgainstRec == verdict.Unclear:
		return "meets the minimum"
	}
	return "good"
}
