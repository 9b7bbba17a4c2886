package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"examlink/cmd/internal/cli"
	"examlink/cmd/internal/daemon"
	"examlink/probe/wire"
)

// tokenHelp says how a join token is given, the ways that nobody else sees first.
const tokenHelp = `Give the join token as @FILE (the file that you saved it in), in the environment
variable EXAMLINK_CLIENT_TOKEN, or as - to read it from standard input. The token
itself works, too, but every user of this computer can read command lines.`

// tokenUse is the argument of commands that take a join token.
const tokenUse = "[@FILE | - | TOKEN]"

// maxTokenText bounds what is read as a token: mails around it are larger than it is.
const maxTokenText = 1 << 20

var errNoToken = cli.Usage(errors.New("no join token: give it as @FILE, in EXAMLINK_CLIENT_TOKEN, as - for standard input, or as client.token in config.yaml"))

func oneToken(_ *cobra.Command, args []string) error {
	if len(args) > 1 {
		return cli.Usage(fmt.Errorf("%d arguments, expected one join token", len(args)))
	}
	return nil
}

// tokenText returns the token that an argument or a key gives: as it is, @FILE, or - for
// standard input.
func tokenText(s string, stdin io.Reader, prompt io.Writer) (string, error) {
	name, isFile := strings.CutPrefix(s, "@")
	switch {
	case s == "-":
		return askToken(stdin, prompt)
	case !isFile:
		return wire.TokenText(s), nil
	}
	f, err := os.Open(name)
	if err != nil {
		return "", fmt.Errorf("join token: %w", err)
	}
	defer f.Close()
	return readToken(f, "the file "+name)
}

// askToken reads the token from standard input: the whole of it or, in a terminal, one
// line.
func askToken(stdin io.Reader, prompt io.Writer) (string, error) {
	if f, is := stdin.(*os.File); is {
		if _, terminal := daemon.Terminal(f); terminal {
			fmt.Fprint(prompt, "Paste the join token and press Enter: ")
			line, err := bufio.NewReader(stdin).ReadString('\n')
			if err != nil && line == "" {
				return "", fmt.Errorf("join token: standard input: %w", err)
			}
			return wire.TokenText(line), nil
		}
	}
	return readToken(stdin, "standard input")
}

// readToken reads a token from a file; name is what to call it.
func readToken(r io.Reader, name string) (string, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxTokenText))
	if err != nil {
		return "", fmt.Errorf("join token: %w", err)
	}
	if len(bytes.TrimSpace(b)) == 0 {
		return "", fmt.Errorf("join token: %s is empty", name)
	}
	return wire.TokenText(string(b)), nil
}
