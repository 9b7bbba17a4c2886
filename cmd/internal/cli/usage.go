package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"examlink/cmd/internal/config"
)

// UsageError is a mistake on the command line or in the configuration.
type UsageError struct{ err error }

// Usage makes err a usage error.
func Usage(err error) *UsageError { return &UsageError{err} }

func (e *UsageError) Error() string { return e.err.Error() }
func (e *UsageError) Unwrap() error { return e.err }

// Help says where the help of a command is.
func Help(c *cobra.Command) string { return "Try: " + c.CommandPath() + " --help" }

// Message is an error's text for people: Go's own words for an end that was asked for,
// or for a deadline, say nothing to them.
func Message(err error) string {
	if errors.Is(err, context.Canceled) {
		return "stopped before it was done"
	}
	return strings.NewReplacer(
		context.DeadlineExceeded.Error(), "no answer in time",
		context.Canceled.Error(), "stopped",
	).Replace(err.Error())
}

// noCommand returns a usage error for an unknown command.
func noCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	if like := config.Nearest(args[0], names); like != "" {
		return Usage(fmt.Errorf("unknown command %q; did you mean %q?", args[0], like))
	}
	return Usage(fmt.Errorf("unknown command %q", args[0]))
}

// helpArgs returns a usage error for help on an unknown command.
func helpArgs(c *cobra.Command, args []string) error {
	if found, rest, err := c.Root().Find(args); err == nil && found != c.Root() && len(rest) == 0 {
		return nil
	}
	return noCommand(c.Root(), args)
}

// badFlag makes a usage error of a mistake in the flags.
func badFlag(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return Usage(err)
	}
	// "-json" is read as the letters j, s, o and n.
	name := unknown.GetSpecifiedName()
	if letters := unknown.GetSpecifiedShortnames(); letters != "" {
		name = letters
	}
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	if like := config.Nearest(name, names); like != "" {
		return Usage(fmt.Errorf("%w; did you mean --%s?", err, like))
	}
	return Usage(err)
}

// once is the value of a flag that may be given once: of two values one would be
// ignored without a word.
type once struct {
	pflag.Value
	given bool
}

func (o *once) Set(s string) error {
	if o.given {
		return errors.New("given twice, expected once")
	}
	o.given = true
	return o.Value.Set(s)
}

// allOnce lets each flag of a command and its subcommands that has a value be given
// once, except lists.
func allOnce(c *cobra.Command) {
	for _, set := range []*pflag.FlagSet{c.PersistentFlags(), c.Flags()} {
		set.VisitAll(func(f *pflag.Flag) {
			_, list := f.Value.(pflag.SliceValue)
			_, already := f.Value.(*once)
			if list || already || f.Value.Type() == "bool" {
				return
			}
			f.Value = &once{Value: f.Value}
			if f.DefValue == "0s" { // help would print it, for it does not know the type
				f.DefValue = ""
			}
		})
	}
	for _, sub := range c.Commands() {
		allOnce(sub)
	}
}
