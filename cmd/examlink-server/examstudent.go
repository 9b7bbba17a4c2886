package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"examlink/cmd/internal/cli"
	"examlink/server/api"
)

func newExamExport(x *examCommand) *cobra.Command {
	student := ""
	c := &cobra.Command{
		Use: "export EXAM --student PSEUDONYM", Short: "Prints all that is kept about a student of an exam, as JSON", Args: oneExam(""),
		Long: `Prints all that the server's store has on a student of an exam as JSON (schema
` + api.StudentSchema + `): the line of the roster with the contact, what join tokens were
issued, receipts, the heads of records, sessions, notifications, and the entries of the
audit log that name the student. It answers a request for access: see docs/privacy.md.`,
		Example: "  examlink-server exam export msds-5001 --student s-0017 > s-0017.json",
		RunE: func(c *cobra.Command, args []string) error {
			if student == "" {
				return cli.Usage(errors.New("--student: empty, expected a pseudonym"))
			}
			s, err := x.client(c)
			if err != nil {
				return err
			}
			_, b, err := s.Student(c.Context(), args[0], student)
			if err != nil {
				return invalid(err)
			}
			_, err = c.OutOrStdout().Write(b)
			return err
		},
	}
	c.Flags().StringVar(&student, "student", "", "student's `pseudonym` (required)")
	return c
}

func newExamErase(x *examCommand) *cobra.Command {
	student, yes := "", false
	c := &cobra.Command{
		Use: "erase EXAM --student PSEUDONYM", Short: "Erases all that is kept about a student of an exam", Args: oneExam(""),
		Long: `Erases a student from the roster, the receipts, the heads of records and the list
of join tokens, revokes the tokens and ends their sessions. The entries of the audit log
stay, and name the student no more. It cannot be undone, so it asks for --yes.`,
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case student == "":
				return cli.Usage(errors.New("--student: empty, expected a pseudonym"))
			case !yes:
				return cli.Usage(errors.New("expected --yes: what is erased cannot be brought back"))
			}
			s, err := x.client(c)
			if err != nil {
				return err
			}
			e, err := s.EraseStudent(c.Context(), args[0], student)
			if err != nil {
				return invalid(err)
			}
			roster := "was not on the roster"
			if e.Roster {
				roster = "erased from the roster"
			}
			fmt.Fprintf(c.OutOrStdout(), "%s: %s; %d receipts, %d records, %d sessions and %d notifications erased; %d join tokens revoked; %d entries of the audit log name the student no more.\n",
				plain(student), roster, e.Receipts, e.Records, e.Sessions, e.Notifications, e.Tokens, e.Audit)
			return nil
		},
	}
	c.Flags().StringVar(&student, "student", "", "student's `pseudonym` (required)")
	c.Flags().BoolVar(&yes, "yes", false, "erase")
	return c
}
