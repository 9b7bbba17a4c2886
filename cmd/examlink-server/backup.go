package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"examlink/cmd/internal/cli"
	"examlink/cmd/internal/config"
	"examlink/server/store"
	"examlink/server/store/sql"
)

func newBackup(a *cli.App) *cobra.Command {
	c := &cobra.Command{
		Use: "backup FILE", Short: "Copies the store into a file, also while the server runs", Args: cli.OneArg("FILE"),
		Long: `Copies the store into a file, also while the server runs, and checks the copy.
The file must not exist yet. It holds pseudonyms and contacts: keep it as safe as
the server. Keys and certificate are not part of it; see docs/operators.md. The audit
log notes the backup.`,
		RunE: func(c *cobra.Command, args []string) error {
			f, err := sqliteStore(c, a, "pg_dump --format=custom --file="+shellWord(args[0])+" ")
			if err != nil {
				return err
			}
			if err := sql.Backup(c.Context(), f.StoreFile(), args[0]); err != nil {
				return err
			}
			switch err := writeAudit(c.Context(), f, byCommand(store.BackedUp, filepath.Base(args[0]))); {
			case errors.Is(err, sql.ErrNoAudit): // before an upgrade
				fmt.Fprintf(c.ErrOrStderr(), "not noted: %v\n", err)
			case err != nil:
				return errors.Join(err, os.Remove(args[0]))
			}
			fmt.Fprintf(c.ErrOrStderr(), "copied %s to %s\n", f.StoreFile(), args[0])
			return nil
		},
	}
	a.Flag(c, "data-dir", "server.data_dir", "`directory` of the store")
	return c
}

func newRestore(a *cli.App) *cobra.Command {
	c := &cobra.Command{
		Use: "restore FILE", Short: "Replaces the store by a backup, while the server is stopped", Args: cli.OneArg("FILE"),
		Long: `Replaces the store by a backup. The server must be stopped. The store of before is
kept beside the new one, under a name with the time. The audit log is the backup's, with
an entry about this.`,
		RunE: func(c *cobra.Command, args []string) error {
			f, err := sqliteStore(c, a, "pg_restore --clean --if-exists "+shellWord(args[0])+" --dbname=")
			if err != nil {
				return err
			}
			aside, err := sql.Restore(c.Context(), f.StoreFile(), args[0], byCommand(store.Restored, filepath.Base(args[0])))
			if err != nil {
				return err
			}
			fmt.Fprintf(c.ErrOrStderr(), "restored %s from %s\n", f.StoreFile(), args[0])
			if aside != "" {
				fmt.Fprintf(c.ErrOrStderr(), "the store of before is %s\n", aside)
			}
			return nil
		},
	}
	a.Flag(c, "data-dir", "server.data_dir", "`directory` of the store")
	return c
}

// sqliteStore returns the configuration of a store in SQLite. For PostgreSQL the
// error has the command to run instead, which ends with the database.
func sqliteStore(c *cobra.Command, a *cli.App, command string) (config.File, error) {
	f, _, err := a.Load(c)
	if err != nil {
		return f, err
	}
	address, err := f.StoreURL()
	if err != nil {
		return f, err
	}
	if address != "" {
		return f, fmt.Errorf("the store is PostgreSQL: run\n  %s%s", command, shellWord(withoutPassword(address)))
	}
	return f, nil
}

// withoutPassword is a URL that can be shown. PostgreSQL's programs ask for the
// password, or find it in ~/.pgpass.
func withoutPassword(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "postgres://…"
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	q := u.Query()
	for _, key := range []string{"password", "sslpassword"} {
		q.Del(key)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// shellWord is a word for a shell.
func shellWord(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
