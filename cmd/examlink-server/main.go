// Command examlink-server is the operator's program: it serves students'
// measurements and issues their join tokens.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"examlink/cmd/internal/config"
	"examlink/cmd/internal/daemon"
)

// Exit codes, documented in README.md.
const (
	exitFailure = 1
	exitUsage   = 2
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is main with its edges handed in; it returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := daemon.Signals(context.Background())
	defer stop()
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	var usage *usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "examlink-server: %v\nTry: examlink-server --help\n", err)
		return exitUsage
	}
	fmt.Fprintf(stderr, "examlink-server: %v\n", err)
	return exitFailure
}

// usageError is a mistake on the command line or in the configuration.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// app is what every subcommand shares.
type app struct {
	configFile string
	flags      map[string]*pflag.Flag // by the configuration key they set
}

func newRoot() *cobra.Command {
	a := &app{flags: map[string]*pflag.Flag{}}
	root := &cobra.Command{
		Use:   "examlink-server",
		Short: "Measures students' network links for proctored exams",
		Long: `examlink-server answers students' measurements and issues their join tokens.

  examlink-server demo     see everything at work on this machine
  examlink-server serve    serve students
  examlink-server token    issue a join token`,
		Args: noCommand, RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
		SuggestionsMinimumDistance: 2, SilenceUsage: true, SilenceErrors: true,
	}
	root.PersistentFlags().StringVar(&a.configFile, "config", "", "configuration `file` (default: config.yaml here or in the user's configuration directory)")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	root.AddCommand(newServe(a), newDemo(), newToken(a), newConfig(a), newVersion())
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

func (a *app) load(c *cobra.Command) (config.File, config.Source, error) {
	set := map[string]*pflag.Flag{}
	for key, f := range a.flags {
		if own := c.Flags().Lookup(f.Name); own != nil && own.Changed {
			set[key] = own
		}
	}
	f, src, err := config.Load(a.configFile, set)
	if err != nil {
		return f, src, &usageError{err}
	}
	return f, src, nil
}

func noArgs(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return &usageError{fmt.Errorf("unexpected argument %q", args[0])}
	}
	return nil
}

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Prints the version", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			fmt.Fprintln(c.OutOrStdout(), daemon.VersionLine("examlink-server"))
			return nil
		},
	}
}

func newConfig(a *app) *cobra.Command {
	check := false
	c := &cobra.Command{
		Use: "config", Short: "Prints the configuration in force", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			f, src, err := a.load(c)
			if err != nil {
				return err
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
