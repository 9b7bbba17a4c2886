package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"examlink/cmd/internal/cli"
	"examlink/cmd/internal/config"
	"examlink/probe/plan"
	"examlink/probe/wire"
	"examlink/server/exam"
	"examlink/server/store"
)

// tokenFlags are the flags of "token" that set no key of the configuration.
type tokenFlags struct {
	exam, student string
	addresses     []string
	valid         time.Duration
	command       bool
	when          examTime
}

func newToken(a *cli.App) *cobra.Command {
	var t tokenFlags
	c := &cobra.Command{
		Use: "token", Short: "Issues a join token for one student", Args: cli.NoArgs,
		Long: `Issues a join token for one student of one exam and prints it. The token names
this server's address and key, so the student needs nothing else. Name the
student by a pseudonym: anyone who holds the token can read it. The server must
have been started once: it makes its keys, "token" only reads them. The audit log notes for
whom a token was issued; without that, none is.

With --start and --end the token carries the time of the exam and is valid until
a day after the exam. Give local times with --zone, or times with their offset.`,
		Example: `  examlink-server token --exam msds-5001 --student s-0017 --server exam.example.edu:8443 \
    --start 2026-11-30T09:00 --end 2026-11-30T16:50 --zone America/Denver`,
		RunE: func(c *cobra.Command, _ []string) error { return t.run(a, c) },
	}
	c.Flags().StringVar(&t.exam, "exam", "", "exam `identifier` (required)")
	c.Flags().StringVar(&t.student, "student", "", "student's `pseudonym` (required)")
	c.Flags().StringSliceVar(&t.addresses, "server", nil, "`host:port` as students reach the server; may be repeated")
	c.Flags().DurationVar(&t.valid, "valid", 14*24*time.Hour, "how `long` the token is valid; with --end, until a day after the exam")
	c.Flags().StringVar(&t.when.start, "start", "", "`time` the exam starts, such as 2026-11-30T09:00")
	c.Flags().StringVar(&t.when.end, "end", "", "`time` the exam ends")
	c.Flags().StringVar(&t.when.zone, "zone", "", "`name` of the exam's time zone, such as America/Denver")
	c.Flags().BoolVar(&t.command, "command", false, "print the student's whole command line, for any shell")
	a.Flag(c, "data-dir", "server.data_dir", "`directory` of the server's keys")
	return c
}

func (t *tokenFlags) run(a *cli.App, c *cobra.Command) error {
	f, _, err := a.Load(c)
	if err != nil {
		return err
	}
	now := time.Now()
	j, err := t.content(f, now, c.Flags().Changed("valid"))
	if err != nil {
		return cli.Usage(err)
	}
	keys, err := issuer(f.Server, j.Servers, now)
	if err != nil {
		return err
	}
	if doubt := trusted(keys, now); doubt != nil {
		fmt.Fprintf(c.ErrOrStderr(), "this computer does not trust the server's certificate, and students' computers may not either: %v\n", doubt)
	}
	j.Fingerprint = keys.Fingerprint()
	text, err := exam.Issue(keys.Token, j)
	if err != nil {
		return cli.Usage(err)
	}
	e := byCommand(store.Issued, "")
	e.Exam, e.Student, e.Detail = t.exam, t.student, "join tokens: 1 issued"
	if err := writeAudit(c.Context(), f, e); err != nil {
		return err
	}
	if t.command {
		// The shell's own echo shows nothing in the list of processes.
		text = "echo " + text + " | examlink check -"
	}
	fmt.Fprintln(c.OutOrStdout(), text)
	return nil
}

// content is what the token says, but for the server's key.
func (t *tokenFlags) content(f config.File, now time.Time, validSet bool) (wire.JoinToken, error) {
	j := wire.JoinToken{Exam: t.exam, Student: t.student, Servers: publicAddresses(f, t.addresses), NotBefore: now.Unix()}
	if t.valid <= 0 {
		return j, fmt.Errorf("--valid: %v, expected more than 0", t.valid)
	}
	if len(j.Servers) == 0 {
		return j, errors.New("no address for students: give --server host:port or set server.public")
	}
	for _, s := range j.Servers {
		if err := exam.CheckAddress(s); err != nil {
			return j, fmt.Errorf("server: %w", err)
		}
	}
	w, err := t.when.window()
	if err != nil {
		return j, err
	}
	expires, err := tokenExpiry(now, t.valid, validSet, w)
	if err != nil {
		return j, err
	}
	j.Expires = expires.Unix()
	if !w.IsZero() {
		j.Starts, j.Ends, j.Zone = w.Start.Unix(), w.End.Unix(), t.when.zone
	}
	return j, nil
}

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
		return w.End.Add(exam.Grace), nil
	case now.Add(valid).Before(w.End):
		return now, fmt.Errorf("--valid: %v, expected at least %v, until the end of the exam", valid, w.End.Sub(now).Round(time.Minute))
	}
	return now.Add(valid), nil
}
