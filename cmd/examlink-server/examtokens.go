package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"examlink/cmd/internal/cli"
	"examlink/server/api"
)

// tokenChoice is what "exam tokens" is asked for.
type tokenChoice struct {
	students, revoke, revokeOf     []string
	group                          string
	notReady, replace, csv, asJSON bool
}

func newExamTokens(x *examCommand) *cobra.Command {
	var t tokenChoice
	c := &cobra.Command{
		Use: "tokens EXAM", Short: "Issues, lists and revokes join tokens", Args: oneExam(""),
		Long: `Lists what was issued for an exam. With --csv it issues join tokens to all students,
or to those of a --group, those named by --student, or those who are --not-ready, and
prints a line for each: student, contact, token, link to the check page. The tokens are
not kept: store the file where only those who write to students can read it.

Earlier tokens stay valid unless --replace revokes them. --revoke revokes tokens by
their identifiers, --revoke-of those of a student. Nobody is admitted with a
revoked token, and its sessions end at once.`,
		Example: `  examlink-server exam tokens msds-5001 --csv > tokens.csv
  examlink-server exam tokens msds-5001 --csv --not-ready --replace > again.csv
  examlink-server exam tokens msds-5001 --revoke-of s-0017`,
		RunE: func(c *cobra.Command, args []string) error {
			if err := t.check(c); err != nil {
				return cli.Usage(err)
			}
			s, err := x.client(c)
			if err != nil {
				return err
			}
			return invalid(t.run(c, s, args[0]))
		},
	}
	c.Flags().BoolVar(&t.csv, "csv", false, "issue join tokens and print them as CSV, with contacts")
	c.Flags().StringArrayVar(&t.students, "student", nil, "only this student (`pseudonym`); may be repeated")
	c.Flags().StringVar(&t.group, "group", "", "only students of this `group`")
	c.Flags().BoolVar(&t.notReady, "not-ready", false, "only students who are neither ready nor marginal")
	c.Flags().BoolVar(&t.replace, "replace", false, "revoke the tokens that these students have")
	c.Flags().StringArrayVar(&t.revoke, "revoke", nil, "revoke the token with this `identifier`; may be repeated")
	c.Flags().StringArrayVar(&t.revokeOf, "revoke-of", nil, "revoke the tokens of this student (`pseudonym`); may be repeated")
	c.Flags().BoolVar(&t.asJSON, "json", false, "print the list as JSON (schema "+api.TokensSchema+")")
	return c
}

// check refuses flags that do not belong together.
func (t *tokenChoice) check(c *cobra.Command) error {
	revoking := len(t.revoke)+len(t.revokeOf) > 0
	selecting := len(t.students) > 0 || c.Flags().Changed("group") || t.notReady || t.replace
	switch {
	case revoking && (t.csv || selecting || t.asJSON):
		return errors.New("--revoke, --revoke-of: expected without other flags")
	case selecting && !t.csv:
		return errors.New("expected --csv with --student, --group, --not-ready and --replace")
	case t.csv && t.asJSON:
		return errors.New("expected one of --csv and --json")
	}
	return nil
}

func (t *tokenChoice) run(c *cobra.Command, s *api.Client, id string) error {
	out := c.OutOrStdout()
	switch {
	case len(t.revoke)+len(t.revokeOf) > 0:
		page, err := s.RevokeTokens(c.Context(), id, api.RevokeRequest{Tokens: t.revoke, Students: t.revokeOf})
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%d join tokens revoked\n", len(page.Revoked))
		return nil
	case t.csv:
		q := api.IssueRequest{Students: t.students, NotReady: t.notReady, Replace: t.replace, Contacts: true}
		if c.Flags().Changed("group") {
			q.Group = &t.group
		}
		page, _, err := s.IssueTokens(c.Context(), id, q)
		if err != nil {
			return err
		}
		if len(page.Revoked) > 0 {
			fmt.Fprintf(c.ErrOrStderr(), "%d earlier join tokens revoked\n", len(page.Revoked))
		}
		return tokensCSV(out, page.Tokens)
	}
	page, b, err := s.Tokens(c.Context(), id)
	if err != nil {
		return err
	}
	if t.asJSON {
		_, err = out.Write(b)
		return err
	}
	return printTokens(out, page)
}

func tokensCSV(out io.Writer, list []api.JoinToken) error {
	w := csv.NewWriter(out)
	_ = w.Write([]string{"id", "contact", "token", "link"})
	for _, t := range list {
		_ = w.Write([]string{t.Student.Student, t.Contact, t.Token, t.Link}) // Error has the first error
	}
	w.Flush()
	return w.Error()
}

func printTokens(out io.Writer, page api.TokensPage) error {
	if len(page.Tokens) == 0 {
		fmt.Fprintln(out, "no join tokens were issued; --csv issues them")
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "STUDENT\tTOKEN\tFROM\tUNTIL\tOPENED\tSTATE")
	for _, t := range page.Tokens {
		state, opened, student := "valid", "never", t.Student
		switch {
		case t.Revoked:
			state = "revoked"
		case !t.Until.After(time.Now()):
			state = "expired"
		}
		if !t.Opened.IsZero() {
			opened = utcMinute(t.Opened)
		}
		if student == "" {
			student = "(erased)"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", plain(student), t.ID, utcMinute(t.From), utcMinute(t.Until), opened, state)
	}
	return w.Flush()
}

func utcMinute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 MST") }
