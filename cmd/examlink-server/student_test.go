//go:build unix

package main

import (
	"context"
	"fmt"
	"net"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"examlink/probe"
	"examlink/probe/agent"
	"examlink/probe/record"
	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/exam"
)

// outsideStudent is a student of a server's process, with a real watch or check over the
// loopback interface.
type outsideStudent struct {
	name string
	o    probe.Options
	cut  atomic.Bool // its packets and the server's are lost
	end  func()      // leaves cleanly
	// lines are those of its record, after end.
	lines int
}

// cutSocket is a socket that loses everything while the student is cut off.
type cutSocket struct {
	net.PacketConn
	of *outsideStudent
}

func (c cutSocket) WriteTo(b []byte, to net.Addr) (int, error) {
	if c.of.cut.Load() {
		return len(b), nil
	}
	return c.PacketConn.WriteTo(b, to)
}

func (c cutSocket) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := c.PacketConn.ReadFrom(b)
		if err != nil || !c.of.cut.Load() {
			return n, from, err
		}
	}
}

// newStudent makes a student with a join token of a server, and perhaps of others.
func newStudent(t *testing.T, address string, keys server.Keys, name string, others ...string) *outsideStudent {
	t.Helper()
	s := &outsideStudent{name: name, o: probe.DefaultOptions()}
	var err error
	s.o.Token, err = exam.Issue(keys.Token, wire.JoinToken{
		ID: "token-" + name, Exam: "e1", Student: name, Servers: append([]string{address}, others...), Fingerprint: keys.Fingerprint(),
		NotBefore: time.Now().Unix(), Expires: time.Now().Add(24 * time.Hour).Unix(),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.o.Socket = func(context.Context, netip.AddrPort) (net.PacketConn, error) {
		c, err := net.ListenPacket("udp4", "127.0.0.1:0")
		return cutSocket{c, s}, err
	}
	s.o.TCP = func(context.Context, netip.AddrPort) (net.Conn, error) { return nil, net.ErrClosed }
	return s
}

// watch starts a watch with a record that runs until the test ends, or end. The record
// must be whole then.
func (s *outsideStudent) watch(t *testing.T) {
	t.Helper()
	a, err := agent.New(agent.Options{Probe: s.o, Record: filepath.Join(t.TempDir(), "watch.jsonl")})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { // ends with ctx
		defer close(done)
		r, err := a.Run(ctx)
		s.lines = checkRecord(t, r.Record)
		if err != nil {
			t.Errorf("the watch of %s: %v", s.name, err)
		}
	}()
	s.end = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(s.end)
	t.Cleanup(func() { s.cut.Store(false) })
}

// checkRecord checks that a record is whole, and counts its lines.
func checkRecord(t *testing.T, file string) (lines int) {
	f, err := os.Open(file)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer f.Close()
	c, err := record.Verify(f, file)
	if err != nil || !c.Whole() || !c.Ended || c.Torn > 0 {
		t.Errorf("a record is not whole: %+v, %v", c, err)
	}
	return c.Lines
}

// startProctor starts a receiver of alerts, and returns the part of a configuration that
// names it.
func startProctor(t *testing.T) (*proctor, string) {
	t.Helper()
	p := &proctor{t: t}
	hook := httptest.NewServer(p)
	t.Cleanup(hook.Close)
	return p, fmt.Sprintf("server:\n  alerts:\n    webhooks:\n      - name: proctors\n        url: %s/hook\n        secret: %s\n", hook.URL, hookSecret)
}

// hears reports whether the proctor has an alert of a kind about a student.
func (p *proctor) hears(student, kind string) bool {
	return slices.Contains(p.kinds(student, time.Time{}), kind)
}
