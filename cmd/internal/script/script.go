// Package script adds commands to testscript for the txtar scripts of the
// programs. Only tests import it.
package script

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"examlink/server"
	"examlink/server/store/sql"
)

const (
	answerWithin = 60 * time.Second // a loaded machine starts programs slowly
	askEvery     = 50 * time.Millisecond
)

// Commands are the additional commands of scripts:
//
//	code N[,N...] program [args...]   runs a program that must exit with one of these codes
//	freeport VAR...                   sets variables to ports of the loopback free for TCP and UDP
//	tcponly VAR                       listens on TCP only and sets the variable to its port
//	httpget URL                       prints the response, retrying until its status is 200
//	claims FILE                       prints the contents of a join token in a file
//	makekeys DIR                      makes a server's keys and store in a data directory, as its first start does
func Commands() map[string]func(ts *testscript.TestScript, neg bool, args []string) {
	return map[string]func(ts *testscript.TestScript, neg bool, args []string){
		"makekeys": makeKeys, "code": code, "freeport": freePort, "tcponly": tcpOnly, "httpget": httpGet, "claims": claims,
	}
}

func makeKeys(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: makekeys DIR")
	}
	dir := ts.MkAbs(args[0])
	_, err := server.LoadKeys(dir, "", "", time.Now())
	ts.Check(err)
	s, err := sql.Open(context.Background(), sql.Options{File: filepath.Join(dir, "examlink.db")})
	ts.Check(err)
	ts.Check(s.Close())
}

func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N[,N...] program [args...]")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%s: %v", args[1], err)
	}
	if !slices.Contains(strings.Split(args[0], ","), strconv.Itoa(got)) {
		ts.Fatalf("exit code %d, want %s", got, args[0])
	}
}

// Ports are chosen below the ephemeral range, so that nothing else takes them
// before the script does.
const firstPort, ports = 20000, 12000

func freePort(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: freeport VAR...")
	}
	var taken []io.Closer // kept until every name has a port of its own
	defer func() {
		for _, c := range taken {
			_ = c.Close()
		}
	}()
	for _, name := range args {
		port := 0
		for range 1000 {
			p := firstPort + rand.IntN(ports)
			t, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: p})
			if err != nil {
				continue
			}
			taken = append(taken, t)
			u, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: p})
			if err != nil {
				continue
			}
			taken = append(taken, u)
			port = p
			break
		}
		if port == 0 {
			ts.Fatalf("no free port")
		}
		ts.Setenv(name, strconv.Itoa(port))
	}
}

func tcpOnly(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: tcponly VAR")
	}
	freePort(ts, false, args)
	l, err := net.Listen("tcp", "127.0.0.1:"+ts.Getenv(args[0]))
	ts.Check(err)
	ts.Defer(func() { _ = l.Close() })
}

func httpGet(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: httpget URL")
	}
	client := &http.Client{
		Timeout:   answerWithin,
		Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, //nolint:gosec // the certificate is self-signed
	}
	last := "nothing was asked"
	for end := time.Now().Add(answerWithin); time.Now().Before(end); time.Sleep(askEvery) {
		r, err := client.Get(args[0])
		if err != nil {
			last = err.Error()
			continue
		}
		body, err := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if err == nil && r.StatusCode == http.StatusOK {
			_, _ = ts.Stdout().Write(body)
			return
		}
		last = r.Status
	}
	ts.Fatalf("no answer within %v: %s", answerWithin, last)
}

func claims(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: claims FILE")
	}
	parts := strings.Split(ts.ReadFile(args[0]), ".")
	if len(parts) != 3 {
		ts.Fatalf("%s: %d parts, expected 3", args[0], len(parts))
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	ts.Check(err)
	_, _ = ts.Stdout().Write(b)
}
