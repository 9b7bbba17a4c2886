package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"examlink/cmd/internal/cli"
	"examlink/server/api"
	"examlink/server/auth"
	"examlink/server/store"
)

// auditFlags are those of "audit" that say what to list.
type auditFlags struct {
	filter         store.AuditFilter
	since, expect  string
	asJSON, verify bool
}

func newAudit(a *cli.App) *cobra.Command {
	var q connection
	var x auditFlags
	c := &cobra.Command{
		Use: "audit", Short: "Lists and verifies the audit log", Args: cli.NoArgs,
		Long: `Lists who looked at, changed, exported, issued, revoked or erased what, the oldest
entry first. One look of somebody at the same thing is listed once an hour.

--verify verifies the whole log instead: each entry has a hash of its content and of the
entry before it. It says where that does not hold, and ends with exit code 1. Whoever can
write the database can replace the whole log; note the last entry's number and hash
elsewhere and give them to --expect next time.

The command asks the server's admin listener, as "sessions" does.`,
		Example: `  examlink-server audit --exam msds-5001 --since 24h
  examlink-server audit --verify --expect 1234:5d1c...`,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := x.check(c, time.Now()); err != nil {
				return cli.Usage(err)
			}
			f, _, err := a.Load(c)
			if err != nil {
				return err
			}
			s, err := q.client(f)
			if err != nil {
				return err
			}
			if x.verify {
				return verifyAudit(c, s, x)
			}
			page, err := s.Audit(c.Context(), x.filter)
			switch {
			case err != nil:
				return invalid(err)
			case x.asJSON:
				return json.NewEncoder(c.OutOrStdout()).Encode(page)
			}
			return printAudit(c.OutOrStdout(), page.Entries)
		},
	}
	c.Flags().StringVar(&x.filter.Exam, "exam", "", "only entries about this `exam`")
	c.Flags().StringVar(&x.filter.Student, "student", "", "only entries about this student of --exam (`pseudonym`)")
	c.Flags().StringVar(&x.filter.Who, "who", "", "only entries of this `account`, identity or role")
	c.Flags().StringVar(&x.since, "since", "", "only entries since this `time`, such as 2026-11-30T09:00:00Z, or for so long, such as 24h")
	c.Flags().BoolVar(&x.asJSON, "json", false, "print JSON (schema "+api.AuditSchema+", with --verify "+auditCheckSchema+")")
	c.Flags().BoolVar(&x.verify, "verify", false, "verify the log")
	c.Flags().StringVar(&x.expect, "expect", "", "with --verify: `NUMBER:HASH` of an entry, noted earlier")
	q.flags(c)
	a.Flag(c, "data-dir", "server.data_dir", "`directory` of the server's data")
	a.Flag(c, "admin-listen", "server.admin_listen", "`address` of the admin listener")
	return c
}

// check reads --since and refuses flags that do not belong together.
func (x *auditFlags) check(c *cobra.Command, now time.Time) (err error) {
	switch filtered := x.filter != (store.AuditFilter{}) || x.since != ""; {
	case x.verify && filtered:
		return errors.New("--verify: expected without --exam, --student, --who and --since: it verifies the whole log")
	case c.Flags().Changed("expect") && !x.verify:
		return errors.New("--expect: expected together with --verify")
	case x.filter.Student != "" && x.filter.Exam == "":
		return errors.New("--student: expected together with --exam")
	case x.since == "":
		return nil
	}
	if ago, err := time.ParseDuration(x.since); err == nil && ago > 0 {
		x.filter.Since = now.Add(-ago)
		return nil
	}
	if x.filter.Since, err = time.Parse(time.RFC3339, x.since); err != nil {
		return fmt.Errorf("--since: %q, expected a time such as 2026-11-30T09:00:00Z or a duration such as 24h", x.since)
	}
	return nil
}

func printAudit(out io.Writer, list []store.AuditEntry) error {
	if len(list) == 0 {
		fmt.Fprintln(out, "no entries")
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NUMBER\tTIME\tWHO\tACTION\tEXAM\tSTUDENT\tWHAT\tRESULT")
	for _, e := range list {
		student, result := e.Student, string(e.Result)
		if student == "" && !e.Mark.IsZero() {
			student = "(erased)"
		}
		if e.Reason != "" {
			result += " (" + e.Reason + ")"
		}
		var what []string
		for _, s := range []string{e.Subject, e.Detail} {
			if s != "" {
				what = append(what, s)
			}
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.Number, e.At.UTC().Format(time.DateTime+" MST"), plain(whoText(e)), e.Action,
			dash(e.Exam), dash(student), dash(strings.Join(what, "; ")), plain(result))
	}
	return w.Flush()
}

// whoText says who it was: the account or the identity, and the role.
func whoText(e store.AuditEntry) string {
	name := strings.TrimPrefix(e.Identity, store.ByAccount)
	if name == "" || e.Role == string(auth.Nobody) {
		return e.Role
	}
	return name + " (" + e.Role + ")"
}

// dash is a cell of a table.
func dash(s string) string {
	if s == "" {
		return "-"
	}
	return plain(s)
}
