package server_test

import (
	"strings"
	"testing"

	"examlink/probe/link"
	"examlink/probe/wire"
	"examlink/server"
)

// A page that the server leads may check and watch, and nothing else.
func TestPagesCheckAndWatch(t *testing.T) {
	p := newPort(t, server.Limits{})
	for purpose, admitted := range map[string]bool{"check": true, "watch": true, "": false, "board": false} {
		c := p.connect(link.DialWebSocket)
		c.greet(wire.Hello{Token: p.token("page-" + purpose), Purpose: purpose, NoExporter: true, Led: true})
		if got := c.refused == nil; got != admitted {
			t.Errorf("purpose %q: admitted %v, expected %v: %+v", purpose, got, admitted, c.refused)
		}
		if c.refused != nil && (c.refused.Reason != wire.RefusedRequest || !strings.Contains(c.refused.Detail, `expected "check"`)) {
			t.Errorf("refused with %+v, expected what a page may do", c.refused)
		}
	}
}
