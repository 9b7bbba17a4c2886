package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"examlink/cmd/internal/cli"
	"examlink/probe/plan"
	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/exam"
)

func newToken(a *cli.App) *cobra.Command {
	var (
		examID, student string
		addresses       []string
		valid           time.Duration
		command         bool
		when            examTime
	)
	c := &cobra.Command{
		Use: "token", Short: "Issues a join token for one student", Args: cli.NoArgs,
		Long: `Issues a join token for one student of one exam and prints it. The token names
this server's address and key, so the student needs nothing else. Name the
student by a pseudonym: anyone who holds the token can read it.

With --start and --end the token carries the time of the exam and is valid until
a day after the exam. Give local times with --zone, or times with their offset.`,
		Example: `  examlink-server token --exam msds-5001 --student s-0017 --server exam.example.edu:8443 \
    --start 2026-11-30T09:00 --end 2026-11-30T16:50 --zone America/Denver`,
		RunE: func(c *cobra.Command, _ []string) error {
			f, _, err := a.Load(c)
			if err != nil {
				return err
			}
			if valid <= 0 {
				return cli.Usage(fmt.Errorf("--valid: %v, expected more than 0", valid))
			}
			servers := publicAddresses(f, addresses)
			if len(servers) == 0 {
				return cli.Usage(errors.New("no address for students: give --server host:port or set server.public"))
			}
			now := time.Now()
			w, err := when.window()
			if err != nil {
				return cli.Usage(err)
			}
			expires, err := tokenExpiry(now, valid, c.Flags().Changed("valid"), w)
			if err != nil {
				return cli.Usage(err)
			}
			_, missing := os.Stat(f.Server.DataDir)
			keys, err := server.LoadKeys(f.Server.DataDir, f.Server.Certificate, f.Server.Key, now)
			if err != nil {
				return err
			}
			if missing != nil {
				fmt.Fprintf(c.ErrOrStderr(), "created new keys in %s; a server with another data directory will refuse this token\n", f.Server.DataDir)
			}
			j := wire.JoinToken{
				Exam: examID, Student: student, Servers: servers, Fingerprint: keys.Fingerprint(),
				NotBefore: now.Unix(), Expires: expires.Unix(),
			}
			if !w.IsZero() {
				j.Starts, j.Ends, j.Zone = w.Start.Unix(), w.End.Unix(), when.zone
			}
			t, err := exam.Issue(keys.Token, j)
			if err != nil {
				return cli.Usage(err)
			}
			if command {
				t = "examlink check " + t
			}
			fmt.Fprintln(c.OutOrStdout(), t)
			return nil
		},
	}
	c.Flags().StringVar(&examID, "exam", "", "exam `identifier` (required)")
	c.Flags().StringVar(&student, "student", "", "student's `pseudonym` (required)")
	c.Flags().StringSliceVar(&addresses, "server", nil, "`host:port` as students reach the server; may be repeated")
	c.Flags().DurationVar(&valid, "valid", 14*24*time.Hour, "how `long` the token is valid; with --end, until a day after the exam")
	c.Flags().StringVar(&when.start, "start", "", "`time` the exam starts, such as 2026-11-30T09:00")
	c.Flags().StringVar(&when.end, "end", "", "`time` the exam ends")
	c.Flags().StringVar(&when.zone, "zone", "", "`name` of the exam's time zone, such as America/Denver")
	c.Flags().BoolVar(&command, "command", false, "print the student's whole command line")
	a.Flag(c, "data-dir", "server.data_dir", "`directory` of the server's keys")
	return c
}

// examGrace is how long a token remains valid after its exam: long enough for an
// exam that overruns, and for reports that were delayed by an outage.
const examGrace = 24 * time.Hour

// examTime is the time of an exam as given by flags.
type examTime struct{ start, end, zone string }

func (e examTime) window() (plan.Window, error) {
	w, err := plan.ParseWindow(e.start, e.end, e.zone)
	if err != nil { // each line begins with a flag's name
		return w, errors.New("--" + strings.ReplaceAll(err.Error(), "\n", "\n--"))
	}
	return w, nil
}

// tokenExpiry returns when a token made now expires: after valid, or after the
// exam unless valid was set.
func tokenExpiry(now time.Time, valid time.Duration, asked bool, w plan.Window) (time.Time, error) {
	switch {
	case w.IsZero():
		return now.Add(valid), nil
	case !w.End.After(now):
		return now, fmt.Errorf("--end: %s, expected a time in the future", w.End.Format(time.RFC3339))
	case !asked:
		return w.End.Add(examGrace), nil
	case now.Add(valid).Before(w.End):
		return now, fmt.Errorf("--valid: %v, expected at least %v, until the end of the exam", valid, w.End.Sub(now).Round(time.Minute))
	}
	return now.Add(valid), nil
}
