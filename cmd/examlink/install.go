package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"examlink/cmd/internal/cli"
	"examlink/cmd/internal/config"
	"examlink/probe/wire"
)

const serviceHelp = `You do not need a service: watch runs in a terminal. With --install, watch runs
as a systemd user service or a launchd agent whenever you are logged in, with the
other options you give, and stops when you log out. The join token is stored in
a file that only you can read. Windows only has services for the whole machine:
there, --install needs an administrator's prompt and the program below Program
Files, and the service runs with system rights, whoever is logged in.`

// serviceFlags are the flags that manage the service.
type serviceFlags struct{ install, uninstall, status bool }

func (s *serviceFlags) declare(c *cobra.Command) {
	c.Flags().BoolVar(&s.install, "install", false, "install watch as a service and start it")
	c.Flags().BoolVar(&s.uninstall, "uninstall", false, "remove the service")
	c.Flags().BoolVar(&s.status, "service-status", false, "print whether the service is installed and running")
}

func (s *serviceFlags) any() bool { return s.install || s.uninstall || s.status }

func (s *serviceFlags) run(a *cli.App, c *cobra.Command, args []string) error {
	if err := s.check(c, args); err != nil {
		return cli.Usage(err)
	}
	h, err := thisHost()
	if err != nil {
		return err
	}
	if !s.install {
		w, err := newWatchService(h, nil, c.OutOrStdout())
		switch {
		case err != nil:
			return err
		case s.uninstall:
			return w.uninstall()
		}
		return w.status()
	}
	f, err := load(a, c, args)
	if err != nil {
		return err
	}
	if f.Client.Token == "" {
		return errNoToken
	}
	if _, err := wire.ReadJoinToken(f.Client.Token); err != nil {
		return cli.Usage(err)
	}
	_, src, err := a.Load(c)
	if err != nil {
		return err
	}
	options, err := serviceArguments(c.Flags(), src.File)
	if err != nil {
		return err
	}
	if err := h.checkProgram(); err != nil {
		return err
	}
	w, err := newWatchService(h, options, c.OutOrStdout())
	if err != nil {
		return err
	}
	if left := variables(os.Environ()); len(left) > 0 {
		fmt.Fprintf(c.ErrOrStderr(), "the service will not see these environment variables: %s; use options or the configuration file\n", strings.Join(left, ", "))
	}
	return w.install(f.Client.Token)
}

// alone lists the flags that exclude each other and are not passed to the service.
var alone = []string{"install", "uninstall", "service-status", "plan", "for", "json", "open"}

func (s *serviceFlags) check(c *cobra.Command, args []string) error {
	var given []string
	for _, name := range alone {
		if c.Flags().Changed(name) {
			given = append(given, "--"+name)
		}
	}
	switch {
	case len(given) > 1:
		return fmt.Errorf("%s: expected only one of these", strings.Join(given, ", "))
	case !s.install && len(args) > 0:
		return errors.New("unexpected join token, expected one with --install only")
	}
	return nil
}

// serviceArguments returns the options of this command line for the service. file
// is the configuration file; its path is made absolute because the service runs
// in another directory.
func serviceArguments(flags *pflag.FlagSet, file string) (out []string, err error) {
	if file != "" {
		if file, err = filepath.Abs(file); err != nil {
			return nil, fmt.Errorf("service: %w", err)
		}
		out = append(out, "--config="+file)
	}
	flags.Visit(func(f *pflag.Flag) {
		if f.Name != "config" && !slices.Contains(alone, f.Name) {
			out = append(out, "--"+f.Name+"="+f.Value.String())
		}
	})
	return out, nil
}

// variables lists the environment variables that set configuration keys, except
// the token, which is stored.
func variables(environ []string) (out []string) {
	for _, v := range environ {
		name, _, _ := strings.Cut(v, "=")
		if strings.HasPrefix(name, config.EnvPrefix+"_") && name != config.EnvPrefix+"_CLIENT_TOKEN" {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
