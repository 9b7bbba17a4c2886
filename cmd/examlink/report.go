package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"examlink/cmd/internal/cli"
	"examlink/probe/record"
	"examlink/probe/record/report"
)

func newReport() *cobra.Command {
	asJSON, page := false, ""
	c := &cobra.Command{
		Use:   "report FILE...",
		Short: "Turns the record of a watch into a report",
		Long: `Turns the record of a watch into a report: how long the link was watched, which
part of the exam that was, how long the link was below the minimum, when it was
interrupted and why, its warnings and figures, whether the record is intact, and
what is not known. FILE is the file that "examlink watch" names. Several files of
one exam, in any order, make one report.

The exit code is 0 when the record is intact, 4 when it is not, and 1 when a file
is not a record, or the files are of several exams.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cli.Usage(errors.New("0 arguments, expected one or more record files"))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			var records []*record.Record
			for _, name := range args {
				r, err := record.Load(name)
				if err != nil {
					return err
				}
				records = append(records, r)
			}
			a, err := report.Make(records...)
			if err != nil {
				return err
			}
			if page != "" {
				if err := writePage(&a, page); err != nil {
					return err
				}
				fmt.Fprintf(c.ErrOrStderr(), "page written to %s\n", page)
			}
			if asJSON {
				e := json.NewEncoder(c.OutOrStdout())
				e.SetIndent("", "  ")
				err = e.Encode(a)
			} else {
				err = a.Text(c.OutOrStdout())
			}
			if err == nil && !a.Chain.Whole() {
				err = &verdictError{exitInconclusive}
			}
			return err
		},
	}
	c.Flags().StringVar(&page, "html", "", "also write the report as one HTML page to this `file`")
	c.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON (schema "+report.Schema+")")
	return c
}

// writePage writes the page to a file.
func writePage(a *report.Account, name string) error {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("page: %w", err)
	}
	err = a.HTML(f)
	if e := f.Close(); err == nil {
		err = e
	}
	return err
}
