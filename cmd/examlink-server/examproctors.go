package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"examlink/cmd/internal/cli"
	"examlink/server/api"
	"examlink/server/exam"
)

func newExamProctors(x *examCommand) *cobra.Command {
	count, valid, asJSON := 1, exam.DefaultProctorLink, false
	c := &cobra.Command{
		Use: "proctors EXAM", Short: "Issues links to the proctors' board of an exam", Args: oneExam(""),
		Long: `Issues links to the proctors' board of an exam and prints one on each line. A link
signs in one proctor, once: whoever opens it first sees the exam's students until it
expires or the proctor signs out. Give each proctor a link of their own. The audit log
names a proctor by the identifier of the link, which --json prints beside it.

The links are not kept. Where the university has OpenID Connect, proctors can sign in with
their own accounts instead: see board.signin in the configuration.`,
		Example: `  examlink-server exam proctors msds-5001
  examlink-server exam proctors msds-5001 --count 4 --valid 6h`,
		RunE: func(c *cobra.Command, args []string) error {
			if count < 1 || count > exam.MostProctorLinks {
				return cli.Usage(fmt.Errorf("--count %d, expected 1 to %d", count, exam.MostProctorLinks))
			}
			if valid < time.Second || valid > exam.MostProctorLink {
				return cli.Usage(errors.New("--valid " + valid.String() + ", expected 1s to " + exam.MostProctorLink.String()))
			}
			s, err := x.client(c)
			if err != nil {
				return err
			}
			page, b, err := s.ProctorLinks(c.Context(), args[0], api.ProctorLinksRequest{Count: count, Valid: valid.Seconds()})
			if err != nil {
				return invalid(err)
			}
			out := c.OutOrStdout()
			if asJSON {
				_, err = out.Write(b)
				return err
			}
			for _, l := range page.Links {
				fmt.Fprintln(out, l.Link)
			}
			return nil
		},
	}
	c.Flags().IntVar(&count, "count", 1, "`number` of links")
	c.Flags().DurationVar(&valid, "valid", exam.DefaultProctorLink, "how long the links are valid, at most 24h")
	c.Flags().BoolVar(&asJSON, "json", false, "print them as JSON (schema "+api.ProctorLinksSchema+")")
	return c
}
