package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"examlink/cmd/internal/cli"
	"examlink/server/api"
	"examlink/server/exam"
)

// tableWidth is that of a table that no terminal shows. Chosen by us.
const tableWidth = 100

func newExamStatus(x *examCommand) *cobra.Command {
	asCSV, asJSON := false, false
	c := &cobra.Command{
		Use: "status EXAM", Short: "Lists who is ready for an exam, worst first", Args: oneExam(""),
		Long: `Lists who is ready for an exam, worst first, with each student's best and last
check. "late" means that no check passed at least 72 hours before the exam.

--csv prints whom to write to: every student who is neither ready nor marginal, with
the contact. Without it no contact is printed.`,
		Example: `  examlink-server exam status msds-5001
  examlink-server exam status msds-5001 --csv > write-to.csv`,
		RunE: func(c *cobra.Command, args []string) error {
			if asCSV && asJSON {
				return cli.Usage(errors.New("expected one of --csv and --json"))
			}
			s, err := x.client(c)
			if err != nil {
				return err
			}
			status, b, err := s.ExamStatus(c.Context(), args[0], asCSV)
			out := c.OutOrStdout()
			switch {
			case err != nil:
				return err
			case asJSON:
				_, err = out.Write(b)
				return err
			case asCSV:
				return statusCSV(out, status)
			}
			printStatus(out, status, outputWidth())
			return nil
		},
	}
	c.Flags().BoolVar(&asCSV, "csv", false, "print whom to write to as CSV, with contacts")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON (schema "+api.ExamStatusSchema+")")
	return c
}

// outputWidth is that of the terminal, if there is one.
func outputWidth() int {
	if w, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil && w > 0 {
		return w
	}
	return tableWidth
}

func statusCSV(out io.Writer, s api.ExamStatus) error {
	w := csv.NewWriter(out)
	_ = w.Write([]string{"id", "contact", "group", "site", "state", "opened", "last_check", "last_outcome"})
	for _, v := range s.Students {
		if v.State.Passes() {
			continue
		}
		at, outcome := "", ""
		if v.Last != nil {
			at, outcome = v.Last.At.UTC().Format(time.RFC3339), string(v.Last.Outcome)
		}
		_ = w.Write([]string{v.Student.Student, v.Contact, v.Group, v.Site, string(v.State), fmt.Sprint(v.Opened), at, outcome})
	}
	w.Flush()
	return w.Error()
}

func printStatus(out io.Writer, s api.ExamStatus, width int) {
	e := s.Exam
	fmt.Fprintf(out, "Exam %s begins on %s.\n", plain(e.ID), localTime(e.Start, e.Zone))
	switch ahead := s.Deadline.Sub(s.At); {
	case ahead > 0:
		fmt.Fprintf(out, "Checks are in time for another %d hours, until %s.\n", int(ahead.Hours()), localTime(s.Deadline, e.Zone))
	default:
		fmt.Fprintf(out, "Checks have counted as late since %s.\n", localTime(s.Deadline, e.Zone))
	}
	var counts []string
	for _, state := range exam.States() {
		if n := s.Counts[state]; n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, state))
		}
	}
	if len(s.Students) == 0 {
		fmt.Fprintln(out, "The roster is empty.")
		return
	}
	fmt.Fprintf(out, "%d students: %s.\n\n", len(s.Students), strings.Join(counts, ", "))
	rows := [][]string{{"STATE", "STUDENT", "GROUP", "LAST CHECK", "BEST CHECK"}}
	for _, v := range s.Students {
		state := string(v.State)
		if v.State == exam.NotTested && v.Opened {
			state += " (opened)"
		}
		rows = append(rows, []string{state, plain(v.Student.Student), plain(v.Group), checkText(v.Last, e.Zone), checkText(v.Best, e.Zone)})
	}
	printRows(out, rows, width)
}

func checkText(r *api.ReceiptRef, zone string) string {
	if r == nil {
		return "-"
	}
	return string(r.Outcome) + ", " + localTime(r.At, zone)
}

// printRows prints a table that fits the width: the last columns are left out, and
// what still does not fit is cut.
func printRows(out io.Writer, rows [][]string, width int) {
	widths := make([]int, len(rows[0]))
	for _, r := range rows {
		for i, cell := range r {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	columns, used := 0, 0
	for columns < len(widths) && (columns < 2 || used+widths[columns] <= width) {
		used += widths[columns] + 2
		columns++
	}
	for _, r := range rows {
		var line strings.Builder
		for i, cell := range r[:columns] {
			line.WriteString(cell)
			if i < columns-1 {
				line.WriteString(strings.Repeat(" ", widths[i]+2-utf8.RuneCountInString(cell)))
			}
		}
		text := []rune(strings.TrimRight(line.String(), " "))
		if len(text) > width {
			text = append(text[:max(width-1, 0)], '…')
		}
		fmt.Fprintln(out, string(text))
	}
}
