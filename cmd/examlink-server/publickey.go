package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"examlink/cmd/internal/cli"
	"examlink/probe/receipt"
)

func newPublicKey(a *cli.App) *cobra.Command {
	c := &cobra.Command{
		Use:   "public",
		Short: "Prints the keys that receipts are verified with",
		Long: `Prints the public keys of the server in a data directory, as PEM. Whoever has them can
verify the server's receipts without the server: "examlink verify --key FILE", or any
program for JWS with Ed25519. They are no secret, but who hands them on must be trusted.`,
		Args: cli.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			f, _, err := a.Load(c)
			if err != nil {
				return err
			}
			keys, err := readKeys(f.Server, time.Now())
			if err != nil {
				return err
			}
			for _, k := range keys.Public() {
				if _, err := fmt.Fprintf(c.OutOrStdout(), "%s", receipt.FormatKey(k)); err != nil {
					return err
				}
			}
			return nil
		},
	}
	a.Flag(c, "data-dir", "server.data_dir", "`directory` of the server's data")
	return c
}
