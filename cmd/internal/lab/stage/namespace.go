//go:build linux

// Package stage sets up what the lab's experiments need: network namespaces
// with an emulated link between them, examlink's programs built from source,
// a server, a client, and what their processes used of this computer.
//
// It knows how examlink's programs are called, but no experiment and no peer.
package stage

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// Namespace is the name of a network namespace, which acts as a host of its
// own. The empty name is the namespace that the lab itself runs in.
type Namespace string

// AddNamespace makes a namespace whose loopback interface is up.
func AddNamespace(name string) (Namespace, error) {
	if err := run(exec.Command("ip", "netns", "add", name)); err != nil {
		return "", err
	}
	n := Namespace(name)
	if err := n.IP("link set lo up"); err != nil {
		n.Remove()
		return "", err
	}
	return n, nil
}

// Remove removes the namespace. The lab's own stays.
func (n Namespace) Remove() {
	if n != "" {
		_ = run(exec.Command("ip", "netns", "del", string(n)))
	}
}

// Run runs a command line in the namespace. Its words contain no blanks.
func (n Namespace) Run(line string, args ...any) error {
	return run(n.Command(context.Background(), strings.Fields(fmt.Sprintf(line, args...))...))
}

// IP runs ip(8) on the namespace. The words of its command line contain no
// blanks.
func (n Namespace) IP(line string, args ...any) error {
	words := strings.Fields(fmt.Sprintf(line, args...))
	if n != "" {
		words = append([]string{"-n", string(n)}, words...)
	}
	return run(exec.Command("ip", words...))
}

// Command returns a program and its arguments, ready to start in the namespace.
func (n Namespace) Command(ctx context.Context, words ...string) *exec.Cmd {
	if n != "" {
		words = append([]string{"ip", "netns", "exec", string(n)}, words...)
	}
	return exec.CommandContext(ctx, words[0], words[1:]...)
}

// Output runs a program in the namespace, with dir as its working directory,
// and returns what it printed, even when it failed.
func (n Namespace) Output(ctx context.Context, dir string, words ...string) ([]byte, error) {
	c := n.Command(ctx, words...)
	c.Dir = dir
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	if err != nil {
		err = fmt.Errorf("%w: %.300s", err, strings.TrimSpace(strings.ReplaceAll(errs.String(), "\n", "; ")))
	}
	return out.Bytes(), err
}

// run runs a command and returns what it printed as part of its error.
func run(c *exec.Cmd) error {
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(c.Args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
