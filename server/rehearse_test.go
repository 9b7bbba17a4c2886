package server_test

import (
	"context"
	"strings"
	"testing"

	"examlink/probe/link"
	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/media"
)

// rehearse asks for a rehearsal on a connection of its own, and returns the refusal.
func (p *port) rehearse(q wire.Rehearse) *wire.Refused {
	p.t.Helper()
	c := p.connect(link.Dial)
	defer c.conn.Close("test over")
	var err error
	if c.control, err = c.conn.Open(context.Background()); err != nil {
		p.t.Fatal(err)
	}
	m := c.ask(wire.Message{Type: wire.TypeRehearse, ID: 1, Rehearse: &q})
	if m.Type != wire.TypeRefused {
		p.t.Fatalf("%+v, expected a refusal", m)
	}
	return m.Refused
}

// Without a token, or with a request that is not sound, nothing is received.
func TestRehearsalsThatAreRefused(t *testing.T) {
	p := newPort(t, server.Limits{HandshakeRate: 1000})
	good := wire.Rehearse{Token: p.token("t1"), Server: p.addr.String(), Offer: "v=0\r\n", Streams: []wire.RehearsalStream{{MID: "0", Kind: "webcam"}}}
	change := func(f func(*wire.Rehearse)) wire.Rehearse {
		q := good
		f(&q)
		return q
	}
	if r := p.rehearse(good); r.Reason != wire.RefusedRequest || !strings.Contains(r.Detail, "has no stream") {
		t.Errorf("an offer without streams: %+v", r)
	}
	withStream := change(func(q *wire.Rehearse) { q.Offer = "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n" })
	if r := p.rehearse(withStream); r.Reason != wire.RefusedRequest || !strings.Contains(r.Detail, "switched off") {
		t.Errorf("switched off: %+v", r)
	}
	settings := p.srv.Settings()
	settings.Rehearsal = media.DefaultLimits()
	if err := p.srv.Reload(settings); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		q      wire.Rehearse
		reason wire.Refusal
		words  string
	}{
		"no token":         {change(func(q *wire.Rehearse) { q.Token = "" }), wire.RefusedToken, ""},
		"another's token":  {change(func(q *wire.Rehearse) { q.Token = newPort(t, server.Limits{}).token("t1") }), wire.RefusedToken, ""},
		"giant offer":      {change(func(q *wire.Rehearse) { q.Offer = strings.Repeat("a=x\r\n", 4000) }), wire.RefusedRequest, "20000 bytes, expected 1 to 16384"},
		"no offer":         {change(func(q *wire.Rehearse) { q.Offer = "" }), wire.RefusedRequest, "0 bytes"},
		"no SDP":           {withStream, wire.RefusedRequest, "the offer is not accepted"},
		"no streams":       {change(func(q *wire.Rehearse) { q.Streams = nil }), wire.RefusedRequest, "0 streams"},
		"a microphone":     {change(func(q *wire.Rehearse) { q.Streams[0].Kind = "microphone" }), wire.RefusedRequest, `"microphone"`},
		"somebody's name":  {change(func(q *wire.Rehearse) { q.Server = "elsewhere.example:443" }), wire.RefusedRequest, "does not name"},
		"no port":          {change(func(q *wire.Rehearse) { q.Server = "localhost" }), wire.RefusedRequest, "host:port"},
		"a port too large": {change(func(q *wire.Rehearse) { q.Server = "127.0.0.1:70000" }), wire.RefusedRequest, "1 to 65535"},
	} {
		if c.q.Streams != nil && name != "a microphone" {
			c.q.Streams = []wire.RehearsalStream{{MID: "0", Kind: "webcam"}}
		}
		if r := p.rehearse(c.q); r.Reason != c.reason || !strings.Contains(r.Detail, c.words) {
			t.Errorf("%s: %+v, expected %s with %q", name, r, c.reason, c.words)
		}
	}
}

// Packets of WebRTC that belong to nobody disturb neither QUIC nor probes.
func TestPacketsOfWebRTCFromStrangers(t *testing.T) {
	p := newPort(t, server.Limits{})
	c := p.call(link.Dial, p.token("t1"), "")
	defer c.conn.Close("test over")
	for first := range 256 {
		if b := []byte{byte(first), 1, 0, 0}; wire.IsMedia(b) {
			if err := c.conn.Socket().Send(append(b, make([]byte, 40)...), p.addr); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !p.echoed(c, c.conn, 1) {
		t.Error("no echo after packets of WebRTC")
	}
}
