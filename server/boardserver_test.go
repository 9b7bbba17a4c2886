package server_test

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"

	"examlink/probe/verdict"
	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/board"
	"examlink/server/event"
	"examlink/server/signin"
	"examlink/server/store"
	"examlink/server/store/memory"
)

// boardServer is a server on loopback sockets, with two exams, whose events a test
// publishes.
type boardServer struct {
	t     *testing.T
	srv   *server.Server
	at    string // https://host:port
	store store.Store
}

func newBoardServer(t *testing.T) *boardServer { return newBoardServerOn(t, memory.New(), "", nil) }

// newBoardServerOn makes one on a store; cluster is its name among the servers of the store,
// and provider returns where proctors sign in, nil: by links only.
func newBoardServerOn(t *testing.T, s store.Store, cluster string, provider func(address string) *signin.Provider) *boardServer {
	t.Helper()
	keys, err := server.LoadKeys(t.TempDir(), "", "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	udp, tcp, err := server.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	issuer := keys.Issuer([]string{tcp.Addr().String()})
	var accounts *signin.Provider
	if provider != nil {
		accounts = provider("https://" + tcp.Addr().String())
	}
	srv, err := server.New(server.Options{
		Conn: udp, TCP: tcp, TLS: &tls.Config{Certificates: []tls.Certificate{keys.Certificate}}, TokenKey: keys.Token.Public().(ed25519.PublicKey),
		Secret: keys.Secret, Issuer: &issuer, Store: s, Cluster: cluster, Limits: server.Limits{HandshakeRate: 1e4}, Board: &server.BoardOptions{Provider: accounts}, Policies: verdict.BuiltIn(),
	})
	if err != nil {
		t.Fatal(err)
	}
	b := &boardServer{t: t, srv: srv, at: "https://" + tcp.Addr().String(), store: s}
	for _, id := range []string{"e1", "e2"} {
		e := store.Exam{ID: id, Title: "Algebra", Start: time.Now().Add(-time.Hour), End: time.Now().Add(time.Hour), Zone: "UTC"}
		if _, err := srv.Exams().Create(t.Context(), e); err != nil && !errors.Is(err, store.ErrExists) {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- srv.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		_ = udp.Close()
	})
	for !srv.Ready() {
		time.Sleep(time.Millisecond)
	}
	return b
}

// proctor is a browser that has signed in by a link for an exam.
func (b *boardServer) proctor(exam string) *http.Client {
	b.t.Helper()
	jar, _ := cookiejar.New(nil)
	c := &http.Client{Jar: jar, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // of the test's own server
	b.t.Cleanup(c.CloseIdleConnections)
	links, err := b.srv.Exams().ProctorLinks(b.t.Context(), exam, 1, time.Hour)
	if err != nil {
		b.t.Fatal(err)
	}
	_, token, _ := strings.Cut(links[0].Address, "#")
	body, _ := json.Marshal(map[string]string{"token": token})
	resp, err := c.Post(b.at+"/board/signin/link", "application/json", strings.NewReader(string(body)))
	if err != nil {
		b.t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		b.t.Fatalf("sign-in: %s", resp.Status)
	}
	return c
}

// page returns the board of an exam.
func (b *boardServer) page(c *http.Client, exam string) (p board.Page) {
	b.t.Helper()
	resp, err := c.Get(b.at + "/api/v1/exams/" + exam + "/board")
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK || json.Unmarshal(text, &p) != nil {
		b.t.Fatalf("%s: %s", resp.Status, text)
	}
	return p
}

// sse is one server-sent event.
type sse struct{ id, kind, data string }

// reading is a stream of them.
type reading struct {
	resp *http.Response
	in   *bufio.Scanner
}

// follow asks for the changes after a mark.
func (b *boardServer) follow(c *http.Client, exam, mark string) (*reading, int) {
	b.t.Helper()
	r, _ := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.at+"/api/v1/exams/"+exam+"/board/changes", nil)
	r.Header.Set("Last-Event-ID", mark)
	resp, err := c.Do(r) //nolint:bodyclose // the caller closes it
	if err != nil {
		b.t.Fatal(err)
	}
	in := bufio.NewScanner(resp.Body)
	in.Buffer(nil, 1<<20)
	return &reading{resp, in}, resp.StatusCode
}

func (r *reading) close() { _ = r.resp.Body.Close() }

// next returns the next event; false: the stream has ended.
func (r *reading) next() (e sse, ok bool) {
	for r.in.Scan() {
		key, value, _ := strings.Cut(r.in.Text(), ": ")
		switch key {
		case "id":
			e.id = value
		case "event":
			e.kind = value
		case "data":
			e.data = value
		case "":
			if e.kind != "" {
				return e, true
			}
		}
	}
	return e, false
}

// change returns the next change, and its time of arrival.
func (r *reading) change(t *testing.T) (sse, board.Change) {
	t.Helper()
	for {
		e, ok := r.next()
		if !ok {
			t.Fatalf("the stream has ended: %v", r.in.Err())
		}
		if e.kind == "change" {
			var c board.Change
			if err := json.Unmarshal([]byte(e.data), &c); err != nil {
				t.Fatalf("%s: %v", e.data, err)
			}
			return e, c
		}
	}
}

// says publishes an event of a student's watch.
func (b *boardServer) says(exam, student, state string, p event.Payload) {
	b.srv.Events().Publish(event.Event{At: time.Now(), Payload: p, Session: event.Session{
		ID: exam + "-" + student, Exam: exam, Student: student, Purpose: "watch", Transport: "udp", State: state, LastPacket: time.Now(),
	}})
}

// rate is a reading of an upload.
func rate(v float64) event.Reading {
	v *= 1e6
	low, high := v*0.99, v*1.01
	return event.Reading{Report: wire.TrainReport{Direction: wire.Up, Rate: &v, Low: &low, High: &high, Busy: 50}, Measures: true}
}
