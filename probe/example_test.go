package probe_test

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"fmt"
	"log"
	"net"
	"os"
	"time"

	"examlink/probe"
	"examlink/probe/warning"
	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/exam"
)

// exampleServer serves on the loopback and returns a join token for it.
func exampleServer() (token string, stop func()) {
	dir, err := os.MkdirTemp("", "examlink-example-")
	if err != nil {
		log.Fatal(err)
	}
	keys, err := server.LoadKeys(dir, "", "", time.Now())
	if err != nil {
		log.Fatal(err)
	}
	udp, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		log.Fatal(err)
	}
	srv, err := server.New(server.Options{
		Conn: udp, TLS: &tls.Config{Certificates: []tls.Certificate{keys.Certificate}},
		TokenKey: keys.Token.Public().(ed25519.PublicKey), Secret: keys.Secret,
	})
	if err != nil {
		log.Fatal(err)
	}
	token, err = exam.Issue(keys.Token, wire.JoinToken{
		Exam: "msds-5001", Student: "s-0017", Servers: []string{udp.LocalAddr().String()}, Fingerprint: keys.Fingerprint(),
		NotBefore: time.Now().Unix(), Expires: time.Now().Add(time.Hour).Unix(),
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- srv.Run(ctx) }()
	return token, func() {
		cancel()
		if err := <-done; err != nil {
			log.Print(err)
		}
		_ = udp.Close()
		_ = os.RemoveAll(dir)
	}
}

// A check of a link, with its progress.
func ExampleCheck() {
	token, stop := exampleServer()
	defer stop()
	options := probe.DefaultOptions()
	options.Token = token
	options.Check.IdleTime = time.Second // less than the usual 4 s, for an example

	report, err := probe.Check(context.Background(), options, func(p probe.Progress) {
		if p.Step == 1 && p.Done != "" {
			fmt.Println("step", p.Step, "of", p.Of)
		}
	})
	if err != nil {
		log.Fatal(err) // nothing could be measured
	}
	fmt.Println("exam:", report.Exam)
	fmt.Println("transport:", report.Transport)
	fmt.Println("judged by:", report.Verdict.Policy)
	// Output:
	// step 1 of 8
	// exam: msds-5001
	// transport: udp
	// judged by: default
}

// printer is a sink that prints changes of the connection, and warnings.
type printer struct{}

func (printer) Session(e probe.SessionEvent) { fmt.Println("session:", e.State) }
func (printer) Window(probe.WindowEvent)     {}
func (printer) Floor(probe.FloorEvent)       {}
func (printer) Warning(w warning.Warning)    { fmt.Println("warning:", w.Kind) }

// A watch that ends with its context.
func ExampleWatch() {
	token, stop := exampleServer()
	defer stop()
	options := probe.DefaultOptions()
	options.Token = token

	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	summary, err := probe.Watch(ctx, options, printer{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("connections:", summary.Connects)
	// Output:
	// session: connected
	// connections: 1
}
