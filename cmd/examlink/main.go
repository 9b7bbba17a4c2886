// Command examlink is the student's program: it checks whether a network link
// will carry a proctored exam, and watches it while one is on.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"examlink/cmd/internal/config"
	"examlink/cmd/internal/daemon"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is main with its edges handed in; it returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	// quic-go warns of small socket buffers; at the rates of one student they
	// are ample.
	_ = os.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true")
	ctx, stop := daemon.Signals(context.Background())
	defer stop()
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	return exitCode(err, stderr)
}

// app is what every subcommand shares.
type app struct {
	configFile string
	flags      map[string]*pflag.Flag // by the configuration key they set
}

func newRoot() *cobra.Command {
	a := &app{flags: map[string]*pflag.Flag{}}
	root := &cobra.Command{
		Use:   "examlink",
		Short: "Checks and watches the network link of a proctored exam",
		Long: `examlink measures the link between this computer and the exam's measuring
server: rate, delay, delay variation and loss, in each direction.

  examlink check TOKEN    will this link carry the exam?
  examlink watch TOKEN    is it still carrying it?

TOKEN is the join token you were given for the exam.`,
		Args: noCommand, RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
		SuggestionsMinimumDistance: 2, SilenceUsage: true, SilenceErrors: true,
	}
	root.PersistentFlags().StringVar(&a.configFile, "config", "", "configuration `file` (default: config.yaml here or in the user's configuration directory)")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	root.AddCommand(newCheck(a), newWatch(a), newConfig(a), newVersion())
	return root
}

// noCommand takes what is left when no command fits.
func noCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if like := c.SuggestionsFor(args[0]); len(like) > 0 {
		return &usageError{fmt.Errorf("unknown command %q; did you mean %q?", args[0], like[0])}
	}
	return &usageError{fmt.Errorf("unknown command %q", args[0])}
}

// flag declares a string flag that sets a configuration key.
func (a *app) flag(c *cobra.Command, name, key, usage string) {
	c.Flags().String(name, "", usage)
	a.flags[key] = c.Flags().Lookup(name)
}

// load reads the configuration; a token on the command line outranks it.
func (a *app) load(c *cobra.Command, args []string) (config.File, error) {
	set := map[string]*pflag.Flag{}
	for key, f := range a.flags {
		if own := c.Flags().Lookup(f.Name); own != nil && own.Changed {
			set[key] = own
		}
	}
	f, _, err := config.Load(a.configFile, set)
	if err != nil {
		return f, &usageError{err}
	}
	if len(args) > 0 {
		f.Client.Token = args[0]
	}
	if f.Client.Token, err = tokenText(f.Client.Token); err != nil {
		return f, &usageError{err}
	}
	return f, nil
}

// tokenText reads a token given as @FILE from that file.
func tokenText(s string) (string, error) {
	name, isFile := strings.CutPrefix(s, "@")
	if !isFile {
		return s, nil
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return "", fmt.Errorf("join token: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}

func oneToken(_ *cobra.Command, args []string) error {
	if len(args) > 1 {
		return &usageError{fmt.Errorf("%d arguments, expected one join token", len(args))}
	}
	return nil
}

func noArgs(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return &usageError{fmt.Errorf("unexpected argument %q", args[0])}
	}
	return nil
}

var errNoToken = &usageError{errors.New("no join token: give it as an argument, as client.token in config.yaml, or as EXAMLINK_CLIENT_TOKEN")}

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Prints the version", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			fmt.Fprintln(c.OutOrStdout(), daemon.VersionLine("examlink"))
			return nil
		},
	}
}

func newConfig(a *app) *cobra.Command {
	check := false
	c := &cobra.Command{
		Use: "config", Short: "Prints the configuration in force", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			f, src, err := config.Load(a.configFile, nil)
			if err != nil {
				return &usageError{err}
			}
			if check {
				name := src.File
				if name == "" {
					name = "defaults"
				}
				fmt.Fprintf(c.OutOrStdout(), "%s: good\n", name)
				return nil
			}
			text, err := f.YAML()
			if err != nil {
				return err
			}
			fmt.Fprint(c.OutOrStdout(), text)
			return nil
		},
	}
	c.Flags().BoolVar(&check, "check", false, "only say whether it is good")
	return c
}
