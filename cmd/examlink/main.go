// Command examlink is the student's program: it checks whether a network link
// will carry a proctored exam, and watches it while one is on.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // exams have time zones, and some systems lack the database

	"github.com/spf13/cobra"

	"examlink/cmd/internal/cli"
	"examlink/cmd/internal/config"
	"examlink/cmd/internal/daemon"
	"examlink/probe/wire"
)

func main() {
	os.Exit(underManager(func(ctx context.Context) int { return run(ctx, os.Args[1:], os.Stdout, os.Stderr) }))
}

// run is main with its arguments, output and context passed in; it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	// quic-go warns about small socket buffers, which are ample at the rates of
	// one student.
	_ = os.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true")
	ctx, stop := daemon.Signals(ctx)
	defer stop()
	if !signal.Ignored(syscall.SIGHUP) { // a terminal that closes ends a watch as politely as a key does
		ctx, stop = signal.NotifyContext(ctx, syscall.SIGHUP)
		defer stop()
	}
	out := daemon.NewOutput(stdout)
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(stderr)
	c, err := cli.Run(ctx, root)
	if lost := out.Err(); lost != nil && err == nil {
		err = lost
	}
	return exitCode(c, err, stderr)
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "examlink",
		Short: "Checks and watches your network link for a proctored exam",
		Long: `examlink measures the link between this computer and the exam's measuring
server: rate, delay, delay variation and loss, in each direction.

  examlink check @FILE    test whether this link can carry the exam
  examlink watch @FILE    warn when the link no longer can, before and during the exam
  examlink report FILE    show what happened, from the record of a watch
  examlink verify FILE    check that a receipt or a record is genuine
  examlink history        show the last checks on this computer

You need the join token that you were given for the exam.
` + tokenHelp,
	}
	a := cli.Setup(root)
	root.Version = daemon.Version()
	root.SetVersionTemplate(daemon.VersionLine("examlink") + "\n")
	root.AddCommand(newCheck(a), newWatch(a), newReport(), newVerify(), newHistory(), a.Config(checkToken), cli.Version("examlink"))
	return root
}

// load reads the configuration; a token on the command line overrides it.
func load(a *cli.App, c *cobra.Command, args []string) (config.File, error) {
	f, _, err := a.Load(c)
	if err != nil {
		return f, err
	}
	if len(args) > 0 {
		f.Client.Token = args[0]
	}
	if f.Client.Token, err = tokenText(f.Client.Token, c.InOrStdin(), c.ErrOrStderr()); err != nil {
		return f, cli.Usage(err)
	}
	return f, nil
}

// checkToken reports whether the configured join token, if there is one, is a token.
func checkToken(f config.File) ([]string, error) {
	if f.Client.Token == "" {
		return nil, nil
	}
	if f.Client.Token == "-" { // only the run itself reads standard input
		return nil, nil
	}
	text, err := tokenText(f.Client.Token, nil, nil)
	if err == nil {
		_, err = wire.ReadJoinToken(text)
	}
	if err != nil {
		return nil, fmt.Errorf("client.token: %w", err)
	}
	return nil, nil
}
