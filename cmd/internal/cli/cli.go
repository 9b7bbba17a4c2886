// Package cli holds what the command lines of both programs share: flags that set
// configuration keys, usage errors, and the commands config and version.
package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"examlink/cmd/internal/config"
	"examlink/cmd/internal/daemon"
)

// App holds what the subcommands of a program share.
type App struct {
	configFile string
	flags      map[string]*pflag.Flag // by the configuration key they set
	warned     bool
}

// Setup completes a program's root command: it adds the --config flag and turns
// unknown flags and commands into usage errors.
func Setup(root *cobra.Command) *App {
	a := &App{flags: map[string]*pflag.Flag{}}
	root.Args = noCommand
	root.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	root.SilenceUsage, root.SilenceErrors = true, true
	root.PersistentFlags().StringVar(&a.configFile, "config", "", "configuration `file` (default: config.yaml here or in the user's configuration directory)")
	root.SetFlagErrorFunc(badFlag)
	return a
}

// Run runs a program's root command with its subcommands. It returns the command that
// ran, or was meant.
func Run(ctx context.Context, root *cobra.Command) (*cobra.Command, error) {
	root.InitDefaultHelpCmd()
	for _, c := range root.Commands() {
		if c.Name() == "help" {
			c.Args = helpArgs
		}
	}
	allOnce(root)
	return root.ExecuteContextC(ctx)
}

// NoArgs refuses arguments.
func NoArgs(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return Usage(fmt.Errorf("unexpected argument %q", args[0]))
	}
	return nil
}

// OneArg wants one argument, which is called what.
func OneArg(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return Usage(fmt.Errorf("%d arguments, expected %s", len(args), what))
		}
		return nil
	}
}

// Flag declares a string flag that sets a configuration key. It panics if the key is a
// secret's: every user of a computer can read command lines.
func (a *App) Flag(c *cobra.Command, name, key, usage string) {
	if config.Secret(key) {
		panic("cli: " + key + " is a secret, expected no flag for it")
	}
	c.Flags().String(name, "", usage)
	a.flags[key] = c.Flags().Lookup(name)
}

// Load reads the configuration as Read does, and prints warnings the first time.
func (a *App) Load(c *cobra.Command) (config.File, config.Source, error) {
	f, src, err := a.Read(c)
	if !a.warned {
		for _, w := range src.Warnings {
			fmt.Fprintf(c.ErrOrStderr(), "%s: %s\n", c.Root().Name(), w)
		}
	}
	a.warned = true
	return f, src, err
}

// Read reads the configuration; flags of c that were set override it.
func (a *App) Read(c *cobra.Command) (config.File, config.Source, error) {
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

// Check says whether the configuration is valid, or returns an error. The output begins
// with the file's name. more, if not nil, makes further checks and returns what to print
// beside.
func (a *App) Check(c *cobra.Command, more func(config.File) ([]string, error)) error {
	if f := c.Flags().Lookup(userFlag); f != nil && f.Changed {
		if err := become(f.Value.String()); err != nil {
			return Usage(err)
		}
	}
	f, src, err := a.Load(c)
	if err != nil {
		return err
	}
	var notes []string
	if more != nil {
		if notes, err = more(f); err != nil {
			return Usage(err)
		}
	}
	fmt.Fprintf(c.OutOrStdout(), "%s: valid\n", cmp.Or(src.File, "defaults"))
	for _, n := range notes {
		fmt.Fprintln(c.OutOrStdout(), n)
	}
	return nil
}

// userFlag is the flag that names the user to check as.
const userFlag = "user"

// CheckAs lets a command's check be made as another user, the one that a service runs
// as.
func CheckAs(c *cobra.Command) *cobra.Command {
	c.Flags().String(userFlag, "", "`name` or number of the user to check as, such as the service's; needs root")
	return c
}

// Config makes the command that prints or checks the configuration; more is
// passed to Check.
func (a *App) Config(more func(config.File) ([]string, error)) *cobra.Command {
	check := false
	c := &cobra.Command{
		Use: "config", Short: "Prints the configuration in force", Args: NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if check {
				return a.Check(c, more)
			}
			if f := c.Flags().Lookup(userFlag); f != nil && f.Changed {
				return Usage(errors.New("--user: expected with --check only"))
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
