package main

import (
	"encoding/json"
	"errors"
	"examlink/probe/view"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"examlink/cmd/internal/cli"
	"examlink/probe"
	"examlink/probe/history"
)

// historySchema names the layout of pastChecks in JSON.
const historySchema = "examlink.history/1"

// mostPast is how many checks are shown unless all are asked for.
const mostPast = 20

// pastChecks is what `examlink history --json` prints.
type pastChecks struct {
	Schema     string            `json:"schema"`
	Checks     []history.Check   `json:"checks"`
	Compared   int               `json:"compared"`
	TimesOfDay []history.Finding `json:"times_of_day"`
}

func newHistory() *cobra.Command {
	asJSON, all, wipe := false, false, false
	c := &cobra.Command{
		Use:   "history",
		Short: "Shows the last checks on this computer",
		Long: fmt.Sprintf(`Shows the last checks that were made on this computer: when, both rates, and the
verdict. Once there are enough checks, it says at what time of day the link is
worse or better.

The last %d checks are kept on this computer, in a file that only you can read,
and are sent nowhere. --clear removes them.`, history.Most),
		Args: cli.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if wipe && (asJSON || all) {
				return cli.Usage(errors.New("--clear: given with --json or --all, expected alone"))
			}
			file, err := history.DefaultFile()
			if err != nil {
				return err
			}
			if wipe {
				n, err := history.Clear(file)
				if err == nil {
					fmt.Fprintf(c.OutOrStdout(), "Removed the results of %s.\n", checksOf(n))
				}
				return err
			}
			checks, err := history.Read(file)
			if err != nil {
				return err
			}
			p := newPastChecks(checks, time.Local)
			if asJSON {
				e := json.NewEncoder(c.OutOrStdout())
				e.SetIndent("", "  ")
				return e.Encode(p)
			}
			if !all && len(p.Checks) > mostPast {
				p.Checks = p.Checks[len(p.Checks)-mostPast:]
			}
			return printHistory(c.OutOrStdout(), p, time.Local)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print all checks as JSON (schema "+historySchema+")")
	c.Flags().BoolVar(&all, "all", false, fmt.Sprintf("show all checks, not only the last %d", mostPast))
	c.Flags().BoolVar(&wipe, "clear", false, "remove the results from this computer")
	return c
}

// newPastChecks returns checks, and what of them differs by time of day in a zone.
func newPastChecks(checks []history.Check, zone *time.Location) pastChecks {
	p := pastChecks{Schema: historySchema, Checks: append([]history.Check{}, checks...)}
	p.TimesOfDay, p.Compared = history.TimesOfDay(checks, zone)
	return p
}

// checksOf counts checks in words.
func checksOf(n int) string {
	if n == 1 {
		return "1 check"
	}
	return fmt.Sprintf("%d checks", n)
}

// printHistory prints checks as a table, and what differs by time of day.
func printHistory(w io.Writer, p pastChecks, zone *time.Location) error {
	if len(p.Checks) == 0 {
		_, err := fmt.Fprintln(w, "No checks yet on this computer. Make one: examlink check @token.txt")
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "Time\tDownload\tUpload\tVerdict")
	for _, c := range p.Checks {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", c.At.In(zone).Format("Mon 2 Jan 2006 15:04"), withBounds(c.Download), withBounds(c.Upload), c.Outcome)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	out := newPage(w)
	out.text(0, "")
	if len(p.TimesOfDay) == 0 {
		out.text(0, fmt.Sprintf("No time of day differs from the others by more than chance explains, in %s with the same server.", checksOf(p.Compared)))
	}
	for _, f := range p.TimesOfDay {
		out.text(0, f.Sentence)
	}
	return nil
}

// withBounds returns a rate with its interval, or its bound.
func withBounds(r history.Rate) string {
	s := r.String()
	if r.Value != nil && r.Low != nil && r.High != nil && view.Mbit(*r.Low) != view.Mbit(*r.High) {
		s += fmt.Sprintf(" (%s to %s)", view.Mbit(*r.Low), view.Mbit(*r.High))
	}
	return s
}

// keepCheck adds a check to the history of this computer.
func keepCheck(r probe.Report, planned bool) error {
	file, err := history.DefaultFile()
	if err != nil {
		return err
	}
	return history.Add(file, history.FromReport(r, planned))
}
