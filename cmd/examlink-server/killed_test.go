package main

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"examlink/probe/link"
	"examlink/probe/receipt"
	"examlink/probe/verdict"
	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/exam"
	"examlink/server/store/sql"
)

var kills = flag.Int("kills", 4, "how often TestKilledServer kills a server")

// acknowledged collects the receipts that a server has sent, by identifier.
type acknowledged struct {
	mu   sync.Mutex
	list map[string]string
}

// Nothing that a server acknowledged is lost when it is killed, in whatever moment, and
// it starts again each time. With -kills it is killed more often.
func TestKilledServer(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	keys, err := server.LoadKeys(data, "", "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	a := &acknowledged{list: map[string]string{}}
	for range *kills {
		address, kill := startServer(t, data)
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for i := range 6 {
			token, err := exam.Issue(keys.Token, wire.JoinToken{
				Exam: "e1", Student: fmt.Sprint("s", i), Servers: []string{address}, Fingerprint: keys.Fingerprint(),
				NotBefore: time.Now().Unix(), Expires: time.Now().Add(time.Hour).Unix(),
			})
			if err != nil {
				t.Fatal(err)
			}
			wg.Go(func() { // ends when the server is killed
				for ctx.Err() == nil {
					if reportVerdict(ctx, a, address, link.Fingerprint(keys.Certificate.Leaf), token) != nil {
						return
					}
				}
			})
		}
		for before, began := a.count(), time.Now(); a.count() == before; time.Sleep(10 * time.Millisecond) {
			if time.Since(began) > time.Minute {
				t.Fatal("the server acknowledges nothing")
			}
		}
		time.Sleep(time.Duration(rand.IntN(400)) * time.Millisecond)
		kill()
		stop()
		wg.Wait()
	}
	kept, err := sql.Open(t.Context(), sql.Options{File: filepath.Join(data, "examlink.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	for id, jws := range a.list {
		r, err := kept.Receipts().Get(t.Context(), id)
		if err != nil || string(r.Body) != jws {
			t.Errorf("receipt %s, which was acknowledged: %v", id, err)
		}
		if _, err := receipt.Verify(jws, keys.Token.Public().(ed25519.PublicKey)); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d receipts acknowledged before %d kills, all there", len(a.list), *kills)
}

// startServer starts a server's process and returns its address.
func startServer(t *testing.T, data string) (address string, kill func()) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(program)
	c.Args = append(c.Args[:0], "examlink-server", "serve", // its name is its command: see TestMain
		"--data-dir", data, "--listen", "127.0.0.1:0", "--admin-listen", "")
	c.Env = append(os.Environ(), "EXAMLINK_SERVER_LIMITS_HANDSHAKE_RATE=1000", "EXAMLINK_SERVER_LIMITS_SESSIONS_PER_TOKEN=9")
	out, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	t.Cleanup(kill)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, rest, ok := strings.Cut(lines.Text(), "msg=serving address="); ok {
			go func() { _, _ = io.Copy(io.Discard, out) }() // ends with the process
			return strings.Fields(rest)[0], kill
		}
	}
	t.Fatal("the server did not start")
	return "", nil
}

// reportVerdict is a check that only reports its verdict, and keeps the receipt.
func reportVerdict(ctx context.Context, a *acknowledged, address string, pin [32]byte, token string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := link.Dial(ctx, link.DialOptions{Server: address, Fingerprint: pin, TCP: func(context.Context, netip.AddrPort) (net.Conn, error) { return nil, net.ErrClosed }})
	if err != nil {
		return err
	}
	defer conn.Close("done")
	defer context.AfterFunc(ctx, func() { conn.Close("stopped") })()
	stream, err := conn.Open(ctx)
	if err != nil {
		return err
	}
	_ = stream.SetReadDeadline(time.Now().Add(5 * time.Second))
	contents, err := json.Marshal(verdict.Summary{Outcome: verdict.Ready, Policy: "default", Version: "1"})
	if err != nil {
		return err
	}
	for _, m := range []wire.Message{
		{Type: wire.TypeHello, ID: 1, Hello: &wire.Hello{Token: token, Purpose: "check"}},
		{Type: wire.TypeReport, ID: 2, Report: &wire.Report{Origin: fmt.Sprint("o", rand.Uint64()), Number: 1, At: time.Now(), Kind: wire.ReportVerdict, Contents: contents}},
	} {
		if err := wire.WriteMessage(stream, m); err != nil {
			return err
		}
		answer, err := wire.ReadMessage(stream)
		if err != nil {
			return err
		}
		if answer.Reported != nil {
			return a.add(answer.Reported.Receipt)
		}
	}
	return nil
}

func (a *acknowledged) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.list)
}

// add keeps a receipt.
func (a *acknowledged) add(jws string) error {
	var r struct {
		ID string `json:"id"`
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(jws, ".")[1])
	if err == nil {
		err = json.Unmarshal(payload, &r)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.list[r.ID] = jws
	return err
}
