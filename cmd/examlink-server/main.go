// Command examlink-server is the operator's program: it serves students'
// measurements and issues their join tokens.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	_ "time/tzdata" // exams have time zones, and some systems lack the database

	"github.com/spf13/cobra"

	"examlink/cmd/internal/cli"
	"examlink/cmd/internal/daemon"
)

// Exit codes, documented in docs/operators.md.
const (
	exitFailure   = 1
	exitUsage     = 2
	exitNotProved = 4
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is main with its arguments, output and context passed in; it returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := daemon.Signals(context.Background())
	defer stop()
	root := newRoot()
	root.SetArgs(args)
	out := daemon.NewOutput(stdout)
	root.SetOut(out)
	root.SetErr(stderr)
	c, err := cli.Run(ctx, root)
	if lost := out.Err(); lost != nil && err == nil {
		err = lost
	}
	var usage *cli.UsageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "examlink-server: %s\n%s\n", cli.Message(err), cli.Help(c))
		return exitUsage
	}
	if errors.Is(err, errNotProved) { // it has been said
		return exitNotProved
	}
	fmt.Fprintf(stderr, "examlink-server: %s\n", cli.Message(err))
	return exitFailure
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "examlink-server",
		Short: "Measures students' network links for proctored exams",
		Long: `examlink-server answers students' measurements and issues their join tokens.

  examlink-server demo     see a server and a client at work on this machine
  examlink-server serve    serve students
  examlink-server token    issue a join token
  examlink-server exam     manage exams, rosters and join tokens
  examlink-server sessions list the live sessions
  examlink-server records  verify a student's record
  examlink-server audit    list and verify the audit log
  examlink-server keys     list and rotate the keys of join tokens
  examlink-server backup   copy the store into a file
  examlink-server restore  replace the store by a backup`,
	}
	a := cli.Setup(root)
	root.Version = daemon.Version()
	root.SetVersionTemplate(daemon.VersionLine("examlink-server") + "\n")
	root.AddCommand(newServe(a), newDemo(), newToken(a), newSessions(a), newDrain(a), newExam(a), newRecords(a), newAudit(a), newKeys(a), newBackup(a), newRestore(a), cli.CheckAs(a.Config(checkFiles)), cli.Version("examlink-server"))
	return root
}
