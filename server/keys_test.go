package server_test

import (
	"context"
	"testing"
	"testing/synctest"

	"examlink/probe/link"
	"examlink/probe/wire"
	"examlink/server"
)

// A client that cannot export keys gets them with welcome, and its probes are
// answered like any other's.
func TestKeysForAClientWithoutAnExporter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestbed(t, server.Limits{})
		c := s.dial(s.host("10.0.0.2:5000"))
		var err error
		if c.control, err = c.conn.Open(context.Background()); err != nil {
			t.Fatal(err)
		}
		m := c.ask(wire.Message{Type: wire.TypeHello, ID: 1, Hello: &wire.Hello{Token: s.good("t"), NoExporter: true}})
		if m.Welcome == nil || m.Welcome.Keys == nil {
			t.Fatalf("%+v, want keys", m)
		}
		if c.flow, err = link.FlowOf(m.Welcome.Flow, link.Student, *m.Welcome.Keys); err != nil {
			t.Fatal(err)
		}
		c.receive()
		c.send(c.seal(1, 64))
		if got := c.answers(); len(got) != 1 || len(got[0].Data) != 64 {
			t.Errorf("%d answers", len(got))
		}
		c.send([]byte("\x16\xfe\xfd not examlink's")) // the start of a DTLS packet
		c.send(c.seal(2, 64))
		if got := c.answers(); len(got) != 1 {
			t.Errorf("%d answers beside a packet of another protocol", len(got))
		}
		exported := s.call(s.host("10.0.0.3:5000"), s.good("t2"), "")
		if exported.welcome.Keys != nil {
			t.Error("keys for a client that did not ask for them")
		}
	})
}
