package main

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"examlink/cmd/internal/cli"
	"examlink/cmd/internal/config"
	"examlink/probe/receipt"
	"examlink/probe/record/proof"
	"examlink/server/api"
)

// errNotProved says that a record is not proved to its end. What holds has been printed.
var errNotProved = errors.New("the record is not proved to its end")

func newRecords(a *cli.App) *cobra.Command {
	c := &cobra.Command{
		Use: "records", Short: "Verifies students' records", Args: cli.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newRecordsVerify(&examCommand{app: a}))
	return c
}

func newRecordsVerify(x *examCommand) *cobra.Command {
	key, asJSON := "", false
	c := &cobra.Command{
		Use: "verify FILE", Short: "Verifies a student's record, and compares it with the store", Args: cli.OneArg("FILE"),
		Long: `Verifies a student's record as "examlink verify" does, and compares it with the latest
head of it that the running server has countersigned. That shows what "examlink verify"
cannot see: that lines are missing at the end.

The command asks the server's admin listener, as "exam" does.

The exit code is 0 when nothing is missing or changed and the server countersigned the
record to its end, 4 when that does not hold, or not of the whole record, and 1
when the file cannot be read or the server cannot be asked.`,
		Example: `  examlink-server records verify msds-5001-2026-11-30.jsonl`,
		RunE: func(c *cobra.Command, args []string) error {
			f, _, err := x.app.Load(c)
			if err != nil {
				return err
			}
			keys, err := verifyKeys(key, f)
			if err != nil {
				return err
			}
			p, err := x.prove(c, f, args[0], keys)
			if err != nil {
				return err
			}
			if asJSON {
				e := json.NewEncoder(c.OutOrStdout())
				e.SetIndent("", "  ")
				err = e.Encode(p)
			} else {
				err = p.Text(c.OutOrStdout())
			}
			if err == nil && p.Outcome != proof.Whole {
				err = errNotProved
			}
			return err
		},
	}
	c.Flags().StringVar(&key, "key", "", "`file` with the server's public keys (default: those in server.data_dir)")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON (schema "+proof.Schema+")")
	x.flags(c)
	return c
}

// verifyKeys reads public keys from a file, or from the data directory.
func verifyKeys(file string, f config.File) ([]ed25519.PublicKey, error) {
	if file == "" {
		keys, err := readKeys(f.Server, time.Now())
		if err != nil {
			return nil, err
		}
		return keys.Public(), nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--key: %w", err)
	}
	keys, err := receipt.ParseKeys(text)
	if err != nil {
		return nil, fmt.Errorf("--key: %s: %w", file, err)
	}
	return keys, nil
}

// prove reads a record and compares it with the server's store.
func (x *examCommand) prove(c *cobra.Command, f config.File, name string, keys []ed25519.PublicKey) (*proof.Proof, error) {
	in, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }()
	p, err := proof.Read(in, name, receipt.Expected{}, keys...)
	if err != nil {
		return nil, err
	}
	s, err := x.q.client(f)
	if err != nil {
		return nil, err
	}
	page, err := s.RecordHeads(c.Context(), p.Exam, p.Student)
	if err != nil && !notFound(err) {
		return nil, err
	}
	var heads []proof.Head
	for _, h := range page.Heads {
		heads = append(heads, proof.Head{Session: h.Session, Record: receipt.Hash(h.Record), Line: h.Line, Hash: receipt.Hash(h.Hash), At: h.At})
	}
	p.Compare(heads)
	return p, nil
}

// notFound reports whether a server knows nothing of an exam.
func notFound(err error) bool {
	var p *api.Problem
	return errors.As(err, &p) && p.Status == http.StatusNotFound
}
