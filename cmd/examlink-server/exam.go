package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"examlink/cmd/internal/cli"
	"examlink/server/api"
)

// examCommand is what the subcommands of "exam" share: how to ask the server.
type examCommand struct {
	app *cli.App
	q   connection
}

func newExam(a *cli.App) *cobra.Command {
	c := &cobra.Command{
		Use: "exam", Short: "Manages exams, their rosters and join tokens", Args: cli.NoArgs,
		Long: `Manages the exams of a running server: their times, who takes them, join tokens,
and who is ready.

The commands ask the server's admin listener, as "sessions" does: run them on the
server as its user, or give --url and --token-file.`,
		Example: `  examlink-server exam create msds-5001 --title Algebra \
    --start 2026-11-30T09:00 --end 2026-11-30T11:00 --zone America/Denver
  examlink-server exam roster msds-5001 roster.csv
  examlink-server exam tokens msds-5001 --csv > tokens.csv
  examlink-server exam status msds-5001`,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	for _, sub := range []func(*examCommand) *cobra.Command{
		newExamCreate, newExamChange, newExamList, newExamShow, newExamClose, newExamRoster, newExamTokens, newExamProctors, newExamStatus, newExamExport, newExamErase,
	} {
		x := &examCommand{app: a}
		s := sub(x)
		x.flags(s)
		c.AddCommand(s)
	}
	return c
}

// flags declares how to reach the admin listener.
func (x *examCommand) flags(c *cobra.Command) {
	x.q.flags(c)
	x.app.Flag(c, "data-dir", "server.data_dir", "`directory` of the server's data")
	x.app.Flag(c, "admin-listen", "server.admin_listen", "`address` of the admin listener")
}

// client returns a client of the server.
func (x *examCommand) client(c *cobra.Command) (*api.Client, error) {
	f, _, err := x.app.Load(c)
	if err != nil {
		return nil, err
	}
	return x.q.client(f)
}

// oneExam takes an exam's identifier and up to so many further arguments.
func oneExam(further string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		most := 1
		if further != "" {
			most = 2
		}
		switch {
		case len(args) == 0 || args[0] == "":
			return cli.Usage(errors.New("no exam, expected its identifier"))
		case len(args) > most:
			return cli.Usage(fmt.Errorf("unexpected argument %q", args[most]))
		case len(args) < most:
			return cli.Usage(errors.New("expected " + further + " after the exam"))
		}
		return nil
	}
}

// invalid makes a usage error of a problem with what was given.
func invalid(err error) error {
	var p *api.Problem
	if errors.As(err, &p) && (p.Fields != nil || p.Roster != nil) {
		return cli.Usage(errors.New(plainLines(p.Error())))
	}
	return err
}

// examFlags are those that describe an exam.
type examFlags struct {
	title, policy string
	when          examTime
}

func (e *examFlags) declare(c *cobra.Command) {
	c.Flags().StringVar(&e.title, "title", "", "`title`")
	c.Flags().StringVar(&e.policy, "policy", "", "`name` of the policy that links are judged by (default: the server's)")
	c.Flags().StringVar(&e.when.start, "start", "", "`time` the exam starts, such as 2026-11-30T09:00")
	c.Flags().StringVar(&e.when.end, "end", "", "`time` the exam ends")
	c.Flags().StringVar(&e.when.zone, "zone", "", "`name` of the exam's time zone, such as America/Denver")
}

// request is what the flags say. A window is given as a whole.
func (e *examFlags) request(c *cobra.Command) (q api.ExamRequest, err error) {
	w, err := e.when.window()
	if err != nil {
		return q, cli.Usage(err)
	}
	if !w.IsZero() {
		if e.when.zone == "" {
			return q, cli.Usage(errors.New("--zone: empty, expected the name of a time zone, such as America/Denver"))
		}
		q.Start, q.End, q.Zone = &w.Start, &w.End, &e.when.zone
	}
	if c.Flags().Changed("title") {
		q.Title = &e.title
	}
	if c.Flags().Changed("policy") {
		q.Policy = &e.policy
	}
	return q, nil
}

func newExamCreate(x *examCommand) *cobra.Command {
	var e examFlags
	c := &cobra.Command{
		Use: "create EXAM", Short: "Creates an exam", Args: oneExam(""),
		Long: `Creates an exam. Give --start and --end as local times of --zone, or with their
offset. The identifier is seen in labels and addresses: 1 to 64 letters, digits,
dots, hyphens and underscores.`,
		RunE: func(c *cobra.Command, args []string) error {
			q, err := e.request(c)
			if err != nil {
				return err
			}
			if q.Start == nil {
				return cli.Usage(errors.New("no time of the exam, expected --start, --end and --zone"))
			}
			q.ID = args[0]
			return x.change(c, func(ctx context.Context, s *api.Client) (api.Exam, error) { return s.CreateExam(ctx, q) })
		},
	}
	e.declare(c)
	return c
}

func newExamChange(x *examCommand) *cobra.Command {
	var e examFlags
	c := &cobra.Command{
		Use: "change EXAM", Short: "Changes an exam", Args: oneExam(""),
		Long: `Changes what the flags name. The time is given as a whole: --start, --end and
--zone. Join tokens that were issued keep the times they have: issue others with
"exam tokens EXAM --replace".`,
		RunE: func(c *cobra.Command, args []string) error {
			q, err := e.request(c)
			if err != nil {
				return err
			}
			if q == (api.ExamRequest{}) {
				return cli.Usage(errors.New("nothing to change, expected --title, --policy, or --start, --end and --zone"))
			}
			return x.change(c, func(ctx context.Context, s *api.Client) (api.Exam, error) { return s.ChangeExam(ctx, args[0], q) })
		},
	}
	e.declare(c)
	return c
}

func newExamClose(x *examCommand) *cobra.Command {
	return &cobra.Command{
		Use: "close EXAM", Short: "Closes an exam: nothing about it changes any more", Args: oneExam(""),
		RunE: func(c *cobra.Command, args []string) error {
			return x.change(c, func(ctx context.Context, s *api.Client) (api.Exam, error) { return s.CloseExam(ctx, args[0]) })
		},
	}
}

// change makes a change and prints the exam.
func (x *examCommand) change(c *cobra.Command, do func(context.Context, *api.Client) (api.Exam, error)) error {
	s, err := x.client(c)
	if err != nil {
		return err
	}
	e, err := do(c.Context(), s)
	if err != nil {
		return invalid(err)
	}
	return printExams(c.OutOrStdout(), e)
}

func newExamShow(x *examCommand) *cobra.Command {
	asJSON := false
	c := &cobra.Command{
		Use: "show EXAM", Short: "Shows an exam", Args: oneExam(""),
		RunE: func(c *cobra.Command, args []string) error {
			s, err := x.client(c)
			if err != nil {
				return err
			}
			e, b, err := s.Exam(c.Context(), args[0])
			if err != nil {
				return err
			}
			if asJSON {
				_, err = c.OutOrStdout().Write(b)
				return err
			}
			return printExams(c.OutOrStdout(), e)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON (schema "+api.ExamSchema+")")
	return c
}

func newExamList(x *examCommand) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "Lists the exams", Args: cli.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := x.client(c)
			if err != nil {
				return err
			}
			page, err := s.Exams(c.Context())
			if err != nil {
				return err
			}
			if len(page.Exams) == 0 {
				fmt.Fprintln(c.OutOrStdout(), "no exams")
				return nil
			}
			return printExams(c.OutOrStdout(), page.Exams...)
		},
	}
}

func printExams(out io.Writer, list ...api.Exam) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "EXAM\tSTART\tEND\tZONE\tPOLICY\tSTATE\tTITLE")
	for _, e := range list {
		state := "open"
		if e.Closed {
			state = "closed"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", plain(e.ID), localTime(e.Start, e.Zone), localTime(e.End, e.Zone), plain(e.Zone), plain(e.Policy), state, plain(e.Title))
	}
	return w.Flush()
}

// localTime is a time in an exam's zone.
func localTime(t time.Time, zone string) string {
	if l, err := time.LoadLocation(zone); err == nil {
		t = t.In(l)
	}
	return t.Format("2006-01-02 15:04 MST")
}
