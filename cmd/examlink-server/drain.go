package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"examlink/cmd/internal/cli"
	"examlink/server/api"
)

// drainLook is how often the command looks how far draining is. Chosen by us.
const drainLook = 500 * time.Millisecond

func newDrain(a *cli.App) *cobra.Command {
	var q connection
	var undo, asJSON bool
	var wait time.Duration
	c := &cobra.Command{
		Use: "drain", Short: "Hands the sessions of a server over to the others, for maintenance", Args: cli.NoArgs,
		Long: `Hands the sessions of a running server over to the other servers that share its
store. The server takes no more sessions, is not ready, and asks its clients to go on
elsewhere; nobody is warned of one that does. The command ends when the last client has
left, or the time is up; the server runs on until it is stopped.

Checks are left to end. Join tokens that name no other server cannot go elsewhere: the
command says how many there are.`,
		RunE: func(c *cobra.Command, _ []string) error {
			f, _, err := a.Read(c)
			if err != nil {
				return err
			}
			client, err := q.client(f)
			if err != nil {
				return err
			}
			d, b, err := client.Drain(c.Context(), !undo)
			if err != nil {
				return err
			}
			if !undo {
				if d, b, err = drained(c.Context(), client, d, b, wait); err != nil {
					return err
				}
			}
			return showDrain(c.OutOrStdout(), d, b, asJSON)
		},
	}
	c.Flags().BoolVar(&undo, "undo", false, "take sessions again")
	c.Flags().DurationVar(&wait, "wait", time.Minute, "how long to wait for the clients to leave")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	q.flags(c)
	a.Flag(c, "data-dir", "server.data_dir", "`directory` of the server's data")
	a.Flag(c, "admin-listen", "server.admin_listen", "`address` of the admin listener")
	return c
}

// drained waits until the clients have left that can.
func drained(ctx context.Context, client *api.Client, d api.Drain, b []byte, wait time.Duration) (api.Drain, []byte, error) {
	for end := time.Now().Add(wait); d.Sessions > d.Bound && time.Now().Before(end); {
		select {
		case <-time.After(drainLook):
		case <-ctx.Done():
			return d, b, ctx.Err()
		}
		var err error
		if d, b, err = client.Draining(ctx); err != nil {
			return d, b, err
		}
		if !d.Draining {
			return d, b, errors.New("draining was ended by somebody else")
		}
	}
	return d, b, nil
}

func showDrain(out io.Writer, d api.Drain, b []byte, asJSON bool) error {
	if asJSON {
		_, err := out.Write(b) // it ends with a line break
		return err
	}
	others := strings.Join(d.Others, ", ")
	switch left := d.Sessions - d.Bound; {
	case !d.Draining:
		fmt.Fprintf(out, "The server takes sessions. Sessions here: %d.\n", d.Sessions)
	case left > 0:
		fmt.Fprintf(out, "Sessions still here: %d. Their clients are asked to go on with %s.\n", left, others)
	default:
		fmt.Fprintf(out, "All sessions that can go on elsewhere do, with %s. The server can be stopped.\n", others)
	}
	if d.Bound > 0 {
		fmt.Fprintf(out, "Sessions that stay because their join tokens name no other server: %d.\n", d.Bound)
	}
	return nil
}
