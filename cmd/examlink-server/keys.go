package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"examlink/cmd/internal/cli"
	"examlink/cmd/internal/config"
	"examlink/server"
	"examlink/server/store"
)

func newKeys(a *cli.App) *cobra.Command {
	c := &cobra.Command{
		Use: "keys", Short: "Lists and rotates the keys of join tokens", Args: cli.NoArgs,
		Long: `Lists and rotates the keys of join tokens, which are files in the data directory; they
sign receipts, too. The newest key signs, and all of them verify: join tokens that were issued stay valid
until the key that signed them is removed. A running server learns of a change when it
reloads its configuration.`,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	list := &cobra.Command{
		Use: "list", Short: "Lists the keys, the newest first", Args: cli.NoArgs,
		RunE: withDirectory(a, func(c *cobra.Command, f config.File, _ []string) error {
			keys, err := server.ReadTokenKeys(f.Server.DataDir)
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "KEY\tSINCE\tUSE\tFILE")
			use := "signs and verifies"
			for _, k := range keys {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", k.ID, utcMinute(k.Since), use, k.File)
				use = "verifies"
			}
			return w.Flush()
		}),
	}
	for _, sub := range []*cobra.Command{list, newKeysRotate(a), newKeysRemove(a)} {
		a.Flag(sub, "data-dir", "server.data_dir", "`directory` of the server's keys")
		c.AddCommand(sub)
	}
	c.AddCommand(newPublicKey(a))
	return c
}

func newKeysRotate(a *cli.App) *cobra.Command {
	return &cobra.Command{
		Use: "rotate", Short: "Makes a new key, which signs from now on", Args: cli.NoArgs,
		RunE: withDirectory(a, func(c *cobra.Command, f config.File, _ []string) error {
			k, err := server.RotateTokenKey(f.Server.DataDir)
			if err != nil {
				return err
			}
			if err := writeAudit(c.Context(), f, byCommand(store.KeyRotated, k.ID)); err != nil {
				return errors.Join(err, os.Remove(k.File))
			}
			fmt.Fprintln(c.OutOrStdout(), k.ID)
			fmt.Fprintln(c.ErrOrStderr(), "reload the server, so that it signs with this key: systemctl reload examlink-server, or SIGHUP")
			return nil
		}),
	}
}

func newKeysRemove(a *cli.App) *cobra.Command {
	return &cobra.Command{
		Use: "remove KEY", Short: "Removes a key (-- before one that begins with a hyphen): join tokens that it signed admit nobody any more",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return cli.Usage(fmt.Errorf("%d arguments, expected a key's identifier, as \"keys list\" prints it", len(args)))
			}
			return nil
		},
		RunE: withDirectory(a, func(c *cobra.Command, f config.File, args []string) error {
			noted := func() error { return writeAudit(c.Context(), f, byCommand(store.KeyRemoved, args[0])) }
			if err := server.RemoveTokenKey(f.Server.DataDir, args[0], noted); err != nil {
				return err
			}
			fmt.Fprintln(c.ErrOrStderr(), "reload the server, so that it forgets the key")
			return nil
		}),
	}
}

// withDirectory runs a command that needs the keys of the configured data directory.
func withDirectory(a *cli.App, run func(c *cobra.Command, f config.File, args []string) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		f, _, err := a.Load(c)
		if err != nil {
			return err
		}
		err = run(c, f, args)
		if errors.Is(err, fs.ErrNotExist) {
			err = noKeys(err, f.Server)
		}
		return err
	}
}

// noKeys says that a data directory has no keys, and what to do.
func noKeys(err error, s config.Server) error {
	var missing *fs.PathError
	if !errors.As(err, &missing) {
		return err
	}
	return fmt.Errorf("%s is missing: no server has made its keys in %s. Name the server's directory with --data-dir, or start the server once", missing.Path, s.DataDir)
}
