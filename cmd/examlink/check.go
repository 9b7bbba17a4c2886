package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"examlink/cmd/internal/cli"
	"examlink/cmd/internal/daemon"
	"examlink/probe"
	"examlink/probe/agent"
	"examlink/probe/computer"
	"examlink/probe/equipment"
	"examlink/probe/ippm"
	"examlink/probe/verdict"
)

// The highest rate that --full measures, and the bytes it may transfer.
const (
	fullRate  = 1000 * ippm.MbitPerSecond
	fullBytes = 300e6
)

func newCheck(a *cli.App) *cobra.Command {
	var flags checkFlags
	c := &cobra.Command{
		Use:   "check " + tokenUse,
		Short: "Tests whether this link can carry the exam",
		Long: `Tests once whether this link can carry the exam, and says what to do if it
cannot. It also compares this computer with what the exam asks for, such as the
operating system and the memory. It cannot see the webcam, the microphone and the
browser.

` + tokenHelp + `

The exit code is 0 when the link is ready (or marginal: all minima are met), 3
when it is not, 4 when the result is inconclusive, and 10 to 19 when the test
could not run; docs/students.md lists the codes. The computer counts only with
--strict: the exit code is 5 when the link will do, but the computer will not.`,
		Example: `  examlink check @token.txt`,
		Args:    oneToken,
		RunE: func(c *cobra.Command, args []string) error {
			o, err := checkOptions(a, c, args, flags)
			if err != nil {
				return err
			}
			return runCheck(c, o, flags)
		},
	}
	c.Flags().BoolVar(&flags.verbose, "verbose", false, "print every figure, its 95 % interval and what else was measured")
	c.Flags().BoolVar(&flags.asJSON, "json", false, "print the report as JSON (schema "+probe.ReportSchema+")")
	c.Flags().BoolVar(&flags.full, "full", false, "measure rates up to 1 Gbit/s, transferring up to 300 MB")
	c.Flags().BoolVar(&flags.strict, "strict", false, "exit with 5 if the link will do, but this computer does not meet the exam's requirements")
	a.Flag(c, "server", "client.server", "`host:port` of the server; overrides the one in the token")
	a.Flag(c, "policy", "policy", "`name` of the policy to judge the link by")
	return c
}

// checkFlags are the flags of a check that set no key.
type checkFlags struct{ asJSON, full, verbose, strict bool }

// checkOptions reads the configuration, and what is to be known of this computer.
func checkOptions(a *cli.App, c *cobra.Command, args []string, flags checkFlags) (probe.Options, error) {
	f, err := load(a, c, args)
	if err != nil {
		return probe.Options{}, err
	}
	if f.Client.Token == "" {
		return probe.Options{}, errNoToken
	}
	o, err := f.ProbeOptions()
	if err != nil {
		return o, cli.Usage(err)
	}
	if flags.full {
		o.Check.CapacityMax, o.Check.MaxBytes = fullRate, fullBytes
	}
	o.Version = daemon.Version()
	o.Log = daemon.Logger(c.ErrOrStderr(), daemon.Level(f.Log.Level), f.Log.Format)
	facts := computer.Read()
	o.Computer = &facts
	return o, nil
}

// runCheck runs a check, prints its report and returns its exit code as an error.
func runCheck(c *cobra.Command, o probe.Options, flags checkFlags) error {
	traffic := agent.NewTraffic(o)
	defer traffic.Close()
	o.Traffic = traffic.Read
	show := newProgress(c.ErrOrStderr())
	r, err := probe.Check(c.Context(), o, show.step)
	show.end()
	e := json.NewEncoder(c.OutOrStdout())
	e.SetIndent("", "  ")
	switch {
	case err != nil:
		err = classify(err, !r.Started.IsZero())
		if flags.asJSON {
			return errors.Join(err, e.Encode(failureOf(err)))
		}
		return err
	case flags.asJSON:
		if err := e.Encode(r); err != nil {
			return err
		}
	default:
		printReport(c.OutOrStdout(), r, flags.verbose)
		printExam(c.OutOrStdout(), o.Token, r)
	}
	keepReceipt(c.ErrOrStderr(), r)
	if err := keepCheck(r, false); err != nil {
		fmt.Fprintf(c.ErrOrStderr(), "%v; the result is not in \"examlink history\"\n", err)
	}
	return exitOfCheck(r, flags.strict)
}

// keepReceipt saves the server's receipt, and says where, or that there is none yet.
func keepReceipt(w io.Writer, r probe.Report) {
	if r.ReceiptOwed {
		fmt.Fprintln(w, "No receipt yet: the exam's server has your result but could not store it, and keeps trying. Check again later if you need the receipt.")
	}
	if r.Receipt == "" {
		return
	}
	name, err := agent.SaveReceipt(r.Exam, r.Receipt, r.Started.Local())
	if err != nil {
		fmt.Fprintf(w, "%v\n", err)
		return
	}
	fmt.Fprintf(w, "Receipt, signed by the exam's server: %s\n", name)
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

// exitOfCheck returns an error that carries the exit code of a check. The computer counts
// only where strict asks for it, and where the link will do.
func exitOfCheck(r probe.Report, strict bool) error {
	if err := exitOf(r.Verdict.Outcome); err != nil || !strict {
		return err
	}
	if r.Equipment != nil && r.Equipment.Outcome == equipment.Fails {
		return &verdictError{exitComputer}
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
	_, terminal := daemon.Terminal(w)
	return &progress{w: w, terminal: terminal}
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
