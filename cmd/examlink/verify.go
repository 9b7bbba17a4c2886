package main

import (
	"bufio"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"unicode"

	"github.com/spf13/cobra"

	"examlink/cmd/internal/cli"
	"examlink/probe/receipt"
	"examlink/probe/record/proof"
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
		Short: "Checks that a receipt or a record is genuine",
		Long: `Checks, without a server, what the exam's server has signed. FILE is a file that
"examlink check" or "examlink watch" names; "-" reads standard input.

Of a receipt it says whether the server signed it and nothing was changed since, and
what it says: what the server saw itself, apart from what the student's program claims.

Of a record it says whether lines were changed or are missing, up to which line and when
the server countersigned it, which lines after that are only the word of the student's
program, and whether the end is there and countersigned. A file that was cut behind a
countersignature does not show it: the server's operators see that with
"examlink-server records verify".

The server's public key comes from the exam's operators ("examlink-server keys public"), as
PEM or as a JWK. Whoever could change the file could change a key that came with
it, so neither contains one.

The exit code is 0 when a receipt is genuine and about what --exam, --student and
--token expect, or a record is so and is countersigned to its end; 4 when that does
not hold, or not of the whole record; and 1 when a file cannot be read.`,
		Example: `  examlink verify --key server.pub msds-5001-2026-11-27-181500.receipt
  examlink verify --key server.pub msds-5001-2026-11-30.jsonl`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return cli.Usage(fmt.Errorf("%d arguments, expected one receipt or record", len(args)))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return v.run(c, args[0]) },
	}
	c.Flags().StringVar(&v.key, "key", "", "`file` with the server's public keys (required)")
	c.Flags().StringVar(&v.expect.Exam, "exam", "", "the `exam` that the file should be of")
	c.Flags().StringVar(&v.expect.Student, "student", "", "the `pseudonym` of the student that the file should be of")
	c.Flags().StringVar(&v.token, "token", "", "`file` with the join token that the file should be of")
	c.Flags().BoolVar(&v.asJSON, "json", false, "print JSON (schema "+receipt.Schema+" or "+proof.Schema+")")
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
	file := c.InOrStdin()
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		file = f
	}
	in := bufio.NewReader(file)
	first, err := firstByte(in)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return err
	case first == '{': // lines of JSON; a JWS is base64
		return v.record(c, in, name, keys)
	}
	return v.receipt(c, in, keys)
}

// firstByte skips white space and returns what follows, without reading it.
func firstByte(in *bufio.Reader) (byte, error) {
	for {
		b, err := in.Peek(1)
		if err != nil {
			return 0, err
		}
		if !unicode.IsSpace(rune(b[0])) {
			return b[0], nil
		}
		_, _ = in.Discard(1)
	}
}

// record verifies a record.
func (v *verifyFlags) record(c *cobra.Command, in io.Reader, name string, keys []ed25519.PublicKey) error {
	p, err := proof.Read(in, name, v.expect, keys...)
	if err != nil {
		return err
	}
	if v.asJSON {
		err = writeJSON(c.OutOrStdout(), p)
	} else {
		err = p.Text(c.OutOrStdout())
	}
	if err == nil && p.Outcome != proof.Whole {
		err = &verdictError{exitInconclusive}
	}
	return err
}

// receipt verifies a receipt.
func (v *verifyFlags) receipt(c *cobra.Command, in io.Reader, keys []ed25519.PublicKey) error {
	jws, err := io.ReadAll(io.LimitReader(in, receipt.MaxLength+1))
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
		return writeJSON(c.OutOrStdout(), r)
	}
	printReceipt(c.OutOrStdout(), r)
	return nil
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// readToken takes what the file should be of from a join token.
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
