//go:build unix

package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"examlink/probe/link"
	"examlink/probe/verdict"
	"examlink/probe/wire"
)

var kills = flag.Int("kills", 3, "how often TestKilledServer kills a server")

// acknowledged collects the receipts that a server has sent, by identifier.
type acknowledged struct {
	mu   sync.Mutex
	list map[string]string
}

// A server is killed at random moments while checks and watches run, and starts again
// each time: nothing that it acknowledged is lost, no session is stuck, and a student who
// is lost together with the server is reported. Every second time it is killed again
// while it takes up the sessions. With -kills it is killed more often.
func TestKilledServer(t *testing.T) {
	if testing.Short() {
		t.Skip("each kill takes 20 s, until a student is missed by the next server")
	}
	t.Parallel()
	x := newFaultyExam(t, filepath.Join(t.TempDir(), "data"))
	for killed := 0; killed < *kills; killed++ {
		x.endServer(func(lose func()) {
			x.server.kill()
			lose()
			if x.round%2 == 1 && killed+1 < *kills {
				killed++
				x.restart()
				time.Sleep(time.Duration(rand.IntN(5000)) * ms)
				x.server.kill()
			}
		})
	}
	receipts, lines := x.finish()
	t.Logf("%d kills, %d times a student was lost and reported; %d receipts acknowledged and there; %d lines of records", *kills, x.round, receipts, lines)
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
			_ = wire.WriteMessage(stream, wire.Message{Type: wire.TypeBye, Bye: &wire.Bye{Reason: "done"}})
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
