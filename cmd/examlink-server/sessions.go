package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"examlink/cmd/internal/cli"
	"examlink/server/alert"
	"examlink/server/api"
)

func newSessions(a *cli.App) *cobra.Command {
	var (
		exam                       string
		q                          connection
		watch, asJSON, undelivered bool
	)
	c := &cobra.Command{
		Use: "sessions", Short: "Lists the live sessions, worst first", Args: cli.NoArgs,
		Long: `Lists the live sessions of a running server, worst first, with their active
warnings. Upload is measured by the server, download is reported by the student's
program. Students on the roster of an exam that has begun who have not connected
follow as never-connected, with the time since it began.

With --watch it shows one screen, as the proctors' board does: one line for each student,
the worst first, and in the last line how many do not fit. Rates are Mbit/s, with > before
a lower bound and ! behind one below the minimum.

The command asks the server's admin listener and needs the admin token, which the
server keeps in its data directory: run the command there as the same user, or
give a copy of the token with --token-file. A listener with a web configuration
wants a name and a password, too: --user and --password-file.`,
		Example: `  examlink-server sessions --watch
  examlink-server sessions --url https://exam.example.edu:9481 --token-file admin-token --json`,
		RunE: func(c *cobra.Command, _ []string) error {
			f, _, err := a.Load(c)
			if err != nil {
				return err
			}
			if undelivered && (watch || exam != "") {
				return cli.Usage(errors.New("--undelivered: expected without --watch and --exam"))
			}
			q, err := q.client(f)
			if err != nil {
				return err
			}
			out := c.OutOrStdout()
			if undelivered {
				return showUndelivered(c.Context(), q, out, asJSON)
			}
			if !watch {
				return showSessions(c.Context(), q, out, exam, asJSON)
			}
			return watchSessions(c, q, exam, asJSON)
		},
	}
	c.Flags().StringVar(&exam, "exam", "", "only sessions of this `exam`")
	c.Flags().BoolVar(&watch, "watch", false, "show one line for each student, worst first, every second")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON, one line per refresh")
	c.Flags().BoolVar(&undelivered, "undelivered", false, "list the warnings that could not be delivered instead")
	q.flags(c)
	a.Flag(c, "data-dir", "server.data_dir", "`directory` of the server's data")
	a.Flag(c, "admin-listen", "server.admin_listen", "`address` of the admin listener")
	return c
}

// showSessions prints the sessions once.
func showSessions(ctx context.Context, q *api.Client, out io.Writer, exam string, asJSON bool) error {
	page, b, err := q.Sessions(ctx, exam)
	if err != nil {
		return err
	}
	if asJSON {
		_, err = out.Write(b) // it ends with a line break
		return err
	}
	return printSessions(out, page)
}

func printSessions(out io.Writer, page api.SessionsPage) error {
	for _, n := range page.Incidents {
		fmt.Fprintf(out, "%s Since %s.\n", plain(n.Sentence), n.Since.UTC().Format(time.TimeOnly+" MST"))
	}
	for _, exam := range page.AbsentUnknown {
		fmt.Fprintf(out, "Exam %s: not known yet who has not connected; the server was started in mid-exam.\n", plain(exam))
	}
	if len(page.Sessions)+len(page.Absent) == 0 {
		fmt.Fprintln(out, "no sessions")
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	several := slices.ContainsFunc(page.Sessions, func(s api.SessionEntry) bool { return s.Server != "" })
	column := func(text string) string {
		if !several {
			return ""
		}
		return cmp.Or(text, "this one") + "\t"
	}
	fmt.Fprintf(w, "STATE\tSILENT\tEXAM\tSTUDENT\tSESSION\t%sUP (server)\tDOWN (claimed)\tWARNINGS\n", column("SERVER"))
	for _, s := range page.Sessions {
		var warnings []string
		for _, n := range s.Warnings {
			warnings = append(warnings, strings.TrimSpace(string(n.Kind)+" "+n.Direction))
		}
		for _, c := range s.Claimed.Warnings {
			warnings = append(warnings, c.Kind+" (claimed)")
		}
		state := s.State
		if s.Purpose == "check" {
			state += " (check)"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s%s\t%s\t%s\n", state, silence(s.Silent), plain(s.Exam), plain(s.Student), s.Session, column(plain(s.Server)),
			rateText(s.Seen.Upload, page.At), rateText(s.Claimed.Download, page.At), strings.Join(warnings, ", "))
	}
	for _, x := range page.Absent {
		since := page.At.Sub(x.Since).Seconds()
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t-\t%s-\t-\t\n", x.State, silence(&since), plain(x.Exam), plain(x.Student), column("-"))
	}
	return w.Flush()
}

// plain replaces characters that a terminal would act on.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}

func silence(seconds *float64) string {
	switch {
	case seconds == nil:
		return "-"
	case *seconds < 10:
		return fmt.Sprintf("%.1f s", *seconds)
	}
	return time.Duration(*seconds * float64(time.Second)).Round(time.Second).String()
}

// rateText formats a rate or its lower bound, with its age.
func rateText(r *alert.Rate, now time.Time) string {
	v, prefix := (*float64)(nil), ""
	if r != nil {
		if v = r.Value; v == nil {
			v, prefix = r.Low, ">= "
		}
	}
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%s%.3g Mbit/s, %s ago", prefix, *v/1e6, now.Sub(r.At).Round(time.Second))
}

// showUndelivered prints the notifications that could not be delivered.
func showUndelivered(ctx context.Context, q *api.Client, out io.Writer, asJSON bool) error {
	page, b, err := q.Undelivered(ctx)
	if err != nil {
		return err
	}
	if asJSON {
		_, err = out.Write(b)
		return err
	}
	if len(page.Undelivered) == 0 {
		fmt.Fprintln(out, "no undelivered warnings; some may still be queued")
		return nil
	}
	for _, u := range page.Undelivered {
		fmt.Fprintf(out, "%s  %s  %s: %s\n    %s\n", u.At.UTC().Format(time.DateTime+" MST"), u.Receiver, u.Kind, plain(u.Why), plain(u.Sentence))
	}
	return nil
}
