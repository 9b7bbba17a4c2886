package main

import (
	"encoding/json"
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
		Use:   "report FILE",
		Short: "Turns the record of a watch into a report",
		Long: `Turns the record of a watch into a report: how long the link was watched and how
long it was below the minimum, when it was interrupted and why, its warnings and
figures, whether the record is intact, and what is not known. FILE is the file
that "examlink watch" names when it starts.

The exit code is 0 when the record is intact, 4 when it is not, and 1 when the
file is not a record.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return cli.Usage(fmt.Errorf("%d arguments, expected one record file", len(args)))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			r, err := record.Load(args[0])
			if err != nil {
				return err
			}
			a := report.Make(r)
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
