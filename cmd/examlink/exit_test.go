package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"examlink/cmd/internal/cli"
	"examlink/docs/schemas"
	"examlink/probe"
	"examlink/probe/link"
	"examlink/probe/wire"
)

// A check that fails says why as JSON, too.
func TestFailuresHaveTheirSchema(t *testing.T) {
	for _, err := range []error{
		&link.Error{Reason: link.ReasonRejected, Server: "a:1", Err: errors.New("no route to host")},
		&link.Error{Reason: link.ReasonPortal, Server: "a:1", Err: errors.New("HTTP")},
		cli.Usage(errors.New("join token: damaged")),
		&probe.RefusedError{Server: "a:1", Refused: wire.Refused{Reason: wire.RefusedToken}},
		context.Canceled,
	} {
		b, e := json.Marshal(failureOf(err))
		if e != nil {
			t.Fatal(e)
		}
		schemas.Test(t, errorSchema, b)
	}
}

// What a person reads begins with what to do, or with a sentence of ours, and says
// nothing of contexts.
func TestErrorsAreForPeople(t *testing.T) {
	refused := errors.New("read udp 127.0.0.1:1: connection refused")
	for _, c := range []struct {
		err  error
		code int
		want string
	}{
		{&link.Error{Reason: link.ReasonNoServer, Server: "a:1", Err: refused}, exitNoServer, "examlink: The exam's server does not answer."},
		{&link.Error{Reason: link.ReasonSilent, Server: "a:1", Err: context.DeadlineExceeded}, exitNoServer, "examlink: The exam's server does not answer."},
		{&probe.RefusedError{Server: "a:1", Refused: wire.Refused{Reason: wire.RefusedToken}}, exitToken, "examlink: server a:1 refused: token\nAsk for a new join token"},
		{fmt.Errorf("check: %w", context.Canceled), exitInterrupted, "examlink: stopped before it was done\n"},
		{&link.Error{Reason: link.ReasonCancelled, Server: "a:1", Err: context.Canceled}, exitInterrupted, "examlink: stopped before it was done\n"},
		{cli.Usage(errors.New("x: unexpected")), exitUsage, "examlink: x: unexpected\nTry: examlink watch --help\n"},
	} {
		root := newRoot()
		watch, _, err := root.Find([]string{"watch"})
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		code := exitCode(watch, c.err, &out)
		text := out.String()
		if code != c.code || !strings.HasPrefix(text, c.want) || strings.Contains(text, "context ") {
			t.Errorf("%v: %d, %q, want %d, %q", c.err, code, text, c.code, c.want)
		}
		if s := advice(c.err); strings.Contains(s, "context ") || failureOf(c.err).Message == "" || strings.Contains(failureOf(c.err).Message, "context ") {
			t.Errorf("%v: %q, %+v", c.err, s, failureOf(c.err))
		}
	}
}
