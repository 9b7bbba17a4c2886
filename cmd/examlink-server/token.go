package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"examlink/cmd/internal/cli"
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
	)
	c := &cobra.Command{
		Use: "token", Short: "Issues a join token for one student", Args: cli.NoArgs,
		Long: `Issues a join token for one student of one exam and prints it. The token names
this server's address and key, so the student needs nothing else. The student
is named by a pseudonym: the token can be read by anyone who holds it.`,
		Example: "  examlink-server token --exam msds-5001 --student s-0017 --server exam.example.edu:8443",
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
			_, missing := os.Stat(f.Server.DataDir)
			keys, err := server.LoadKeys(f.Server.DataDir, f.Server.Certificate, f.Server.Key, now)
			if err != nil {
				return err
			}
			if missing != nil {
				fmt.Fprintf(c.ErrOrStderr(), "made new keys in %s; a server that keeps its keys elsewhere will refuse this token\n", f.Server.DataDir)
			}
			t, err := exam.Issue(keys.Token, wire.JoinToken{
				Exam: examID, Student: student, Servers: servers, Fingerprint: keys.Fingerprint(),
				NotBefore: now.Unix(), Expires: now.Add(valid).Unix(),
			})
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
	c.Flags().DurationVar(&valid, "valid", 14*24*time.Hour, "how `long` the token is good for")
	c.Flags().BoolVar(&command, "command", false, "print the student's whole command line")
	a.Flag(c, "data-dir", "server.data_dir", "`directory` of the server's keys")
	return c
}
