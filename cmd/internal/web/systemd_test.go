//go:build unix

package web_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"testing"

	"examlink/cmd/internal/web"
)

// handed starts this test program as systemd starts a program with a socket.
const handed = "EXAMLINK_TEST_HANDED"

func TestMain(m *testing.M) {
	if os.Getenv(handed) == "" {
		os.Exit(m.Run())
	}
	ls, err := web.Listen("", true)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	c, err := ls[0].Accept()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Fprintf(c, "%d handed over", len(ls))
	_ = c.Close()
}

func TestSocketHandedOver(t *testing.T) {
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	// As systemd does it: from descriptor 3 on, for the process of this id.
	c := exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ LISTEN_FDS=1 exec "$0"`, os.Args[0])
	c.Env, c.ExtraFiles, c.Stderr = append(os.Environ(), handed+"=1"), []*os.File{f}, os.Stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Wait(); err != nil {
			t.Error(err)
		}
	}()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if b, err := io.ReadAll(conn); err != nil || string(b) != "1 handed over" {
		t.Errorf("%q, %v", b, err)
	}
}
