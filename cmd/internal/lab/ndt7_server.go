//go:build linux

package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/sys/unix"
)

// ndt7Command is the first argument with which the lab starts itself again on the far host
// as a server of ndt7: an address and the folder of the page's sources follow.
const ndt7Command = "ndt7-server"

// Fixed by ndt7's protocol.
const (
	ndt7Protocol = "net.measurementlab.ndt.v7"
	ndt7Download = "/ndt/v7/download"
	ndt7Upload   = "/ndt/v7/upload"
	ndt7Lasting  = 10 * time.Second
	ndt7Longest  = 15 * time.Second
	ndt7Every    = 250 * time.Millisecond // between two measurements
	ndt7Least    = 1 << 13                // bytes of a message at first
	ndt7Most     = 1 << 24
	ndt7Scale    = 16 // messages grow once so many of their size were sent
)

// ndt7Port is where it listens: chosen by us.
const ndt7Port = 8444

// ndt7Congestion is the congestion control that the protocol recommends.
const ndt7Congestion = "bbr"

// ndt7Measurement is a message of the server.
type ndt7Measurement struct {
	AppInfo struct {
		ElapsedTime int64 // microseconds
		NumBytes    int64 // sent or received, payload
	}
	TCPInfo struct {
		ElapsedTime   int64
		BytesReceived uint64
		BytesAcked    uint64
		MinRTT        uint32 // microseconds
	}
}

type ndt7Conn struct{}

// runNDT7 is the main function of a server of ndt7, the part of its protocol that its page
// needs.
func runNDT7(args []string) error {
	if len(args) != 2 {
		return errors.New("ndt7-server: expected an address and a folder")
	}
	script, err := os.ReadFile(filepath.Join(args[1], "ndt7.js"))
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+ndt7Download, ndt7Test(ndt7Send))
	mux.HandleFunc("GET "+ndt7Upload, ndt7Test(ndt7Receive))
	mux.Handle("GET /", http.FileServer(http.Dir(args[1])))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<!doctype html><title>ndt7</title><link rel=icon href=data:,><script>" + string(script) + "</script>"))
	})
	s := &http.Server{
		Addr: args[0], Handler: mux, ReadHeaderTimeout: 10 * time.Second,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, ndt7Conn{}, c) },
	}
	return s.ListenAndServe()
}

// ndt7Test serves one direction of a test.
func ndt7Test(f func(context.Context, *websocket.Conn, *net.TCPConn)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		tcp, ok := r.Context().Value(ndt7Conn{}).(*net.TCPConn)
		if !ok {
			http.Error(w, "no TCP", http.StatusInternalServerError)
			return
		}
		if raw, err := tcp.SyscallConn(); err == nil {
			_ = raw.Control(func(fd uintptr) {
				_ = unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, ndt7Congestion)
			})
		}
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{ndt7Protocol}})
		if err != nil {
			return
		}
		defer c.CloseNow() //nolint:errcheck // it is over
		c.SetReadLimit(ndt7Most)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), ndt7Longest)
		defer cancel()
		f(ctx, c, tcp)
	}
}

// ndt7Tell sends a measurement.
func ndt7Tell(ctx context.Context, c *websocket.Conn, tcp *net.TCPConn, began time.Time, bytes int64) error {
	var m ndt7Measurement
	m.AppInfo.ElapsedTime, m.AppInfo.NumBytes = time.Since(began).Microseconds(), bytes
	raw, err := tcp.SyscallConn()
	if err != nil {
		return err
	}
	_ = raw.Control(func(fd uintptr) {
		if i, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			m.TCPInfo.BytesReceived, m.TCPInfo.BytesAcked, m.TCPInfo.MinRTT = i.Bytes_received, i.Bytes_acked, i.Min_rtt
		}
	})
	m.TCPInfo.ElapsedTime = time.Since(began).Microseconds()
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return c.Write(ctx, websocket.MessageText, b)
}

// ndt7Send is a download.
func ndt7Send(ctx context.Context, c *websocket.Conn, tcp *net.TCPConn) {
	message := make([]byte, ndt7Most)
	_, _ = rand.Read(message) // crypto/rand never fails
	began := time.Now()
	for size, sent, told := ndt7Least, int64(0), began; time.Since(began) < ndt7Lasting; {
		if c.Write(ctx, websocket.MessageBinary, message[:size]) != nil {
			return
		}
		if sent += int64(size); size < ndt7Most && sent >= int64(ndt7Scale*size) {
			size *= 2
		}
		if time.Since(told) >= ndt7Every {
			told = time.Now()
			if ndt7Tell(ctx, c, tcp, began, sent) != nil {
				return
			}
		}
	}
	_ = c.Close(websocket.StatusNormalClosure, "")
}

// ndt7Receive is an upload. It ends when the page ends it.
func ndt7Receive(ctx context.Context, c *websocket.Conn, tcp *net.TCPConn) {
	began, told, received := time.Now(), time.Now(), int64(0)
	for {
		_, r, err := c.Reader(ctx)
		if err != nil {
			return
		}
		for part := make([]byte, 32<<10); ; {
			n, err := r.Read(part)
			received += int64(n)
			if time.Since(told) >= ndt7Every {
				told = time.Now()
				if ndt7Tell(ctx, c, tcp, began, received) != nil {
					return
				}
			}
			if err != nil { // io.EOF: the message is whole
				break
			}
		}
	}
}
