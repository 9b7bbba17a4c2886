package main

import (
	"context"
	"encoding/json"
	"errors"
	"examlink/cmd/internal/cli"
	"examlink/docs/schemas"
	"examlink/probe"
	"examlink/probe/link"
	"examlink/probe/wire"
	"testing"
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
