package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"examlink/cmd/internal/cli"
	"examlink/probe/receipt"
	"examlink/probe/wire"
)

// verifyFlags are the flags of "verify".
type verifyFlags struct {
	key, token string
	expect     receipt.Expected
	asJSON     bool
}

func newVerify() *cobra.Command {
	var v verifyFlags
	c := &cobra.Command{
		Use:   "verify FILE",
		Short: "Checks that a receipt of a check is genuine",
		Long: `Checks, without a server, that a receipt was signed by the exam's server and was not
changed since, and shows what it says: what the server saw itself, apart from what
the student's program claims. FILE is the file that "examlink check" names; "-" reads
standard input.

The server's public key comes from the exam's operators ("examlink-server keys public"), as
PEM or as a JWK. Whoever could change the receipt could change a key that came with
it, so a receipt contains none.

The exit code is 0 when the receipt is genuine and about what --exam, --student and
--token expect, 4 when it is not, and 1 when a file cannot be read.`,
		Example: `  examlink verify --key server.pub msds-5001-2026-11-27-181500.receipt`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return cli.Usage(fmt.Errorf("%d arguments, expected one receipt", len(args)))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return v.run(c, args[0]) },
	}
	c.Flags().StringVar(&v.key, "key", "", "`file` with the server's public keys (required)")
	c.Flags().StringVar(&v.expect.Exam, "exam", "", "the `exam` that the receipt should be of")
	c.Flags().StringVar(&v.expect.Student, "student", "", "the `pseudonym` of the student that the receipt should be of")
	c.Flags().StringVar(&v.token, "token", "", "`file` with the join token that the receipt should be of")
	c.Flags().BoolVar(&v.asJSON, "json", false, "print the content as JSON (schema "+receipt.Schema+")")
	return c
}

func (v *verifyFlags) run(c *cobra.Command, name string) error {
	if v.key == "" {
		return cli.Usage(errors.New("--key: missing, expected a file with the server's public key"))
	}
	text, err := os.ReadFile(v.key)
	if err != nil {
		return err
	}
	keys, err := receipt.ParseKeys(text)
	if err != nil {
		return fmt.Errorf("%s: %w", v.key, err)
	}
	if err := v.readToken(); err != nil {
		return err
	}
	jws, err := readAll(c.InOrStdin(), name)
	if err != nil {
		return err
	}
	r, err := receipt.Verify(string(jws), keys...)
	if err == nil {
		err = r.Of(v.expect)
	}
	if err != nil {
		fmt.Fprintf(c.ErrOrStderr(), "Not valid: %v.\n", err)
		return &verdictError{exitInconclusive}
	}
	if v.asJSON {
		e := json.NewEncoder(c.OutOrStdout())
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	printReceipt(c.OutOrStdout(), r)
	return nil
}

// readToken takes what the receipt should be of from a join token.
func (v *verifyFlags) readToken() error {
	if v.token == "" {
		return nil
	}
	text, err := os.ReadFile(v.token)
	if err != nil {
		return err
	}
	t, err := wire.ReadJoinToken(wire.TokenText(string(text)))
	if err != nil {
		return fmt.Errorf("%s: %w", v.token, err)
	}
	v.expect.Token = t.ID
	return nil
}

// readAll reads a file, or standard input for "-", within the size of a receipt.
func readAll(stdin io.Reader, name string) ([]byte, error) {
	in := stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	return io.ReadAll(io.LimitReader(in, receipt.MaxLength+1))
}

// printReceipt says what a genuine receipt says.
func printReceipt(w io.Writer, r receipt.Receipt) {
	fmt.Fprintln(w, "Genuine: the server signed this receipt, and nothing in it was changed.")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		fmt.Fprintf(t, "  %s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	row("receipt", "%s", r.ID)
	row("exam", "%s", r.Exam)
	row("student", "%s", r.Student)
	row("checked", "%s, by the server's clock", r.Issued.Local().Format("Mon 2 Jan 2006 15:04:05 MST"))
	if !r.Starts.IsZero() {
		row("exam starts", "%s", r.Starts.Local().Format("Mon 2 Jan 2006 15:04 MST"))
	}
	row("server saw", "%s, by policy %s, version %s", r.Outcome, r.Seen.Judged.Policy, r.Seen.Judged.Version)
	row("", "%d packets over %s%s", r.Seen.Probes, r.Seen.Transport, uploadSeen(r))
	row("program claims", "%s, by policy %s, version %s", r.Claimed.Verdict.Outcome, r.Claimed.Verdict.Policy, r.Claimed.Verdict.Version)
	row("", "version %s on %s", r.Claimed.Client, r.Claimed.System)
	_ = t.Flush()
}

func uploadSeen(r receipt.Receipt) string {
	if r.Seen.Upload == nil {
		return ""
	}
	return fmt.Sprintf(", upload %s", r.Seen.Upload)
}
