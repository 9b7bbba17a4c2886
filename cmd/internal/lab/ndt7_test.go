//go:build linux

package main

import (
	"context"
	"encoding/json"
	"net"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// ndt7At serves one direction of ndt7 and connects as its page does.
func ndt7At(t *testing.T, f func(context.Context, *websocket.Conn, *net.TCPConn)) (*websocket.Conn, context.Context) {
	t.Helper()
	s := httptest.NewUnstartedServer(ndt7Test(f))
	s.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, ndt7Conn{}, c) }
	s.Start()
	t.Cleanup(s.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	c, _, err := websocket.Dial(ctx, s.URL, &websocket.DialOptions{Subprotocols: []string{ndt7Protocol}}) //nolint:bodyclose // the connection is the body
	if err != nil {
		t.Fatal(err)
	}
	if c.Subprotocol() != ndt7Protocol {
		t.Errorf("subprotocol %q", c.Subprotocol())
	}
	c.SetReadLimit(ndt7Most)
	t.Cleanup(func() { _ = c.CloseNow() })
	return c, ctx
}

// A download's messages begin small and grow, and measurements come between them.
func TestNDT7Download(t *testing.T) {
	c, ctx := ndt7At(t, ndt7Send)
	last, told := 0, false
	for !told || last < 1<<20 {
		kind, b, err := c.Read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if kind == websocket.MessageText {
			var m ndt7Measurement
			if err := json.Unmarshal(b, &m); err != nil || m.AppInfo.NumBytes == 0 || m.AppInfo.ElapsedTime == 0 {
				t.Fatalf("%v: %s", err, b)
			}
			told = true
			continue
		}
		if len(b) < last || last == 0 && len(b) != ndt7Least {
			t.Fatalf("a message of %d bytes after one of %d", len(b), last)
		}
		last = len(b)
	}
}

// An upload's measurements say what has arrived.
func TestNDT7Upload(t *testing.T) {
	c, ctx := ndt7At(t, ndt7Receive)
	sent := int64(0)
	answer := make(chan ndt7Measurement, 1)
	go func() { // ends with the first measurement, or the connection
		var m ndt7Measurement
		if _, b, err := c.Read(ctx); err == nil && json.Unmarshal(b, &m) == nil {
			answer <- m
		}
		close(answer)
	}()
	for {
		if err := c.Write(ctx, websocket.MessageBinary, make([]byte, ndt7Least)); err != nil {
			t.Fatal(err)
		}
		sent += ndt7Least
		select {
		case m := <-answer:
			if m.AppInfo.NumBytes == 0 || m.AppInfo.NumBytes > sent || m.TCPInfo.BytesReceived < uint64(m.AppInfo.NumBytes) {
				t.Errorf("%+v after %d bytes", m, sent)
			}
			return
		default:
		}
	}
}

func TestPagesRates(t *testing.T) {
	if back, err := parseRates(formatRates(pageRates)); err != nil || len(back) != len(pageRates) || back[1] != pageRates[1] {
		t.Errorf("%v, %v", back, err)
	}
}
