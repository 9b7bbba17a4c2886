package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"examlink/cmd/internal/cli"
	"examlink/server/api"
	"examlink/server/exam"
)

// changesShown bounds the students that a comparison names of each kind.
const changesShown = 20

func newExamRoster(x *examCommand) *cobra.Command {
	yes, all := false, false
	c := &cobra.Command{
		Use: "roster EXAM FILE", Short: "Imports a roster from CSV; first shows what would change", Args: oneExam("a CSV file, or - for standard input,"),
		Long: `Compares a CSV file with the exam's roster and shows who would be added, changed
and removed. With --yes it does so, if the roster has not changed meanwhile.

The columns are student (a pseudonym, required), contact, group and site, in any
order under a line of names, or in this order without one. Commas, semicolons and
tabs, UTF-8 and UTF-16 are understood, as spreadsheets write them. If anything is
wrong with the file, every problem is listed and nothing is imported. The join
tokens of students who are removed are revoked.`,
		Example: `  examlink-server exam roster msds-5001 roster.csv
  examlink-server exam roster msds-5001 roster.csv --yes`,
		RunE: func(c *cobra.Command, args []string) error {
			csv, err := readRoster(args[1], c.InOrStdin())
			if err != nil {
				return err
			}
			// What is wrong is found here, too: a roster that is refused need not travel.
			if _, err := exam.ParseRoster(csv); err != nil {
				return cli.Usage(errors.New(plainLines(err.Error())))
			}
			s, err := x.client(c)
			if err != nil {
				return err
			}
			changes, err := s.CompareRoster(c.Context(), args[0], csv)
			if err == nil && yes {
				changes, err = s.ImportRoster(c.Context(), args[0], csv, changes.Version)
			}
			if err != nil {
				return invalid(err)
			}
			printChanges(c.OutOrStdout(), changes, all)
			return nil
		},
	}
	c.Flags().BoolVar(&yes, "yes", false, "import the roster")
	c.Flags().BoolVar(&all, "all", false, fmt.Sprintf("name all students, not only %d of each kind", changesShown))
	return c
}

func readRoster(name string, stdin io.Reader) ([]byte, error) {
	in := stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("roster: %w", err)
		}
		defer f.Close()
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, exam.MaxRosterBytes+1))
	if err != nil {
		return nil, fmt.Errorf("roster: %w", err)
	}
	return b, nil
}

func printChanges(out io.Writer, c api.RosterChanges, all bool) {
	if c.None() {
		fmt.Fprintf(out, "The roster of exam %s stays as it is: %d students.\n", plain(c.Exam), c.Unchanged)
		return
	}
	verb := "Would be"
	if c.Applied {
		verb = "Were"
	}
	var changed []string
	for _, s := range c.Changed {
		changed = append(changed, s.Student+" ("+strings.Join(s.Fields, ", ")+")")
	}
	for _, kind := range []struct {
		name string
		list []string
	}{{"added", c.Added}, {"changed", changed}, {"removed", c.Removed}} {
		if len(kind.list) == 0 {
			continue
		}
		list, more := kind.list, ""
		if !all && len(list) > changesShown {
			list, more = list[:changesShown], fmt.Sprintf(", and %d more", len(kind.list)-changesShown)
		}
		fmt.Fprintf(out, "%s %s (%d): %s%s\n", verb, kind.name, len(kind.list), plain(strings.Join(list, ", ")), more)
	}
	fmt.Fprintf(out, "Unchanged: %d\n", c.Unchanged)
	if len(c.Ignored) > 0 {
		fmt.Fprintf(out, "Ignored columns: %s\n", plain(strings.Join(c.Ignored, ", ")))
	}
	if !c.Applied {
		fmt.Fprintln(out, "Nothing was changed. Give --yes to import the roster.")
	}
}

// plainLines replaces characters that a terminal would act on, except line breaks.
func plainLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = plain(lines[i])
	}
	return strings.Join(lines, "\n")
}
