// Package cli holds what the command lines of both programs share: flags that set
// configuration keys, usage errors, and the commands config and version.
package cli

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"examlink/cmd/internal/config"
	"examlink/cmd/internal/daemon"
)

// UsageError is a mistake on the command line or in the configuration.
type UsageError struct{ err error }

// Usage makes err a usage error.
func Usage(err error) *UsageError { return &UsageError{err} }

func (e *UsageError) Error() string { return e.err.Error() }
func (e *UsageError) Unwrap() error { return e.err }

// App holds what the subcommands of a program share.
type App struct {
	configFile string
	flags      map[string]*pflag.Flag // by the configuration key they set
}

// Setup completes a program's root command: it adds the --config flag and turns
// unknown flags and commands into usage errors.
func Setup(root *cobra.Command) *App {
	a := &App{flags: map[string]*pflag.Flag{}}
	root.Args = noCommand
	root.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	root.SuggestionsMinimumDistance = 2
	root.SilenceUsage, root.SilenceErrors = true, true
	root.PersistentFlags().StringVar(&a.configFile, "config", "", "configuration `file` (default: config.yaml here or in the user's configuration directory)")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return Usage(err) })
	return a
}

// noCommand returns a usage error for an unknown command.
func noCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if like := c.SuggestionsFor(args[0]); len(like) > 0 {
		return Usage(fmt.Errorf("unknown command %q; did you mean %q?", args[0], like[0]))
	}
	return Usage(fmt.Errorf("unknown command %q", args[0]))
}

// NoArgs refuses arguments.
func NoArgs(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return Usage(fmt.Errorf("unexpected argument %q", args[0]))
	}
	return nil
}

// Flag declares a string flag that sets a configuration key.
func (a *App) Flag(c *cobra.Command, name, key, usage string) {
	c.Flags().String(name, "", usage)
	a.flags[key] = c.Flags().Lookup(name)
}

// Load reads the configuration; flags of c that were set override it.
func (a *App) Load(c *cobra.Command) (config.File, config.Source, error) {
	set := map[string]*pflag.Flag{}
	for key, f := range a.flags {
		if own := c.Flags().Lookup(f.Name); own != nil && own.Changed {
			set[key] = own
		}
	}
	f, src, err := config.Load(a.configFile, set)
	if err != nil {
		return f, src, Usage(err)
	}
	return f, src, nil
}

// Version makes the command that prints a program's version.
func Version(program string) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Prints the version", Args: NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			fmt.Fprintln(c.OutOrStdout(), daemon.VersionLine(program))
			return nil
		},
	}
}

// Check prints on standard output that the configuration is valid, or returns an
// error. more, if not nil, makes further checks.
func (a *App) Check(c *cobra.Command, more func(config.File) error) error {
	f, src, err := a.Load(c)
	if err != nil {
		return err
	}
	if more != nil {
		if err := more(f); err != nil {
			return Usage(err)
		}
	}
	name := src.File
	if name == "" {
		name = "defaults"
	}
	fmt.Fprintf(c.OutOrStdout(), "%s: valid\n", name)
	return nil
}

// Config makes the command that prints or checks the configuration; more is
// passed to Check.
func (a *App) Config(more func(config.File) error) *cobra.Command {
	check := false
	c := &cobra.Command{
		Use: "config", Short: "Prints the configuration in force", Args: NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if check {
				return a.Check(c, more)
			}
			f, _, err := a.Load(c)
			if err != nil {
				return err
			}
			text, err := f.YAML()
			if err != nil {
				return err
			}
			fmt.Fprint(c.OutOrStdout(), text)
			return nil
		},
	}
	c.Flags().BoolVar(&check, "check", false, "only check whether the configuration is valid")
	return c
}
