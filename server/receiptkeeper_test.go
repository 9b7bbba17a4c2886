package server_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"examlink/probe/receipt"
	"examlink/probe/verdict"
	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/store"
	"examlink/server/store/memory"
)

// absentStore is a store that can go away: then accesses to receipts and live sessions
// hang until their context ends, or fail at once.
type absentStore struct {
	store.Store
	mu    sync.Mutex
	away  chan struct{} // nil: it is there; closed when it comes back
	fails error         // nil: it hangs
}

// leave makes the store hang, or fail with an error.
func (a *absentStore) leave(fails error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.away, a.fails = make(chan struct{}), fails
}

func (a *absentStore) comeBack() {
	a.mu.Lock()
	defer a.mu.Unlock()
	close(a.away)
	a.away = nil
}

// reach returns when the store can be used.
func (a *absentStore) reach(ctx context.Context) error {
	a.mu.Lock()
	away, fails := a.away, a.fails
	a.mu.Unlock()
	if away == nil {
		return nil
	}
	if fails != nil {
		return fails
	}
	select {
	case <-away:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (a *absentStore) Receipts() store.Receipts { return absentReceipts{a.Store.Receipts(), a} }
func (a *absentStore) Sessions() store.Sessions { return absentSessions{a.Store.Sessions(), a} }
func (a *absentStore) Tokens() store.Tokens     { return absentTokens{a.Store.Tokens(), a} }

type absentReceipts struct {
	store.Receipts
	of *absentStore
}

func (r absentReceipts) Append(ctx context.Context, x store.Receipt) error {
	if err := r.of.reach(ctx); err != nil {
		return err
	}
	return r.Receipts.Append(ctx, x)
}

type absentSessions struct {
	store.Sessions
	of *absentStore
}

func (s absentSessions) Put(ctx context.Context, x store.LiveSession) error {
	if err := s.of.reach(ctx); err != nil {
		return err
	}
	return s.Sessions.Put(ctx, x)
}

func (s absentSessions) Remove(ctx context.Context, id string) error {
	if err := s.of.reach(ctx); err != nil {
		return err
	}
	return s.Sessions.Remove(ctx, id)
}

type absentTokens struct {
	store.Tokens
	of *absentStore
}

func (t absentTokens) Get(ctx context.Context, id string) (store.Token, error) {
	if err := t.of.reach(ctx); err != nil {
		return store.Token{}, err
	}
	return t.Tokens.Get(ctx, id)
}

func (t absentTokens) Open(ctx context.Context, id string, at time.Time) error {
	if err := t.of.reach(ctx); err != nil {
		return err
	}
	return t.Tokens.Open(ctx, id, at)
}

// startWith starts the testbed's server again, with a store.
func (s *testbed) startWith(kept store.Store) {
	s.stop()
	s.store = kept
	s.start(server.Limits{})
}

// checked makes a check that reports its verdict once, and returns the answer.
func (s *testbed) checked(addr, token string) (*caller, wire.Message) {
	s.t.Helper()
	c := s.dial(s.host(addr))
	c.helloAs(token, "1", "linux/amd64")
	return c, c.report(reportOf(1, wire.ReportVerdict, verdict.Statement{Summary: verdict.Summary{Outcome: verdict.Ready, Policy: "default", Version: "1"}}))
}

// A store that is away, whether it fails or hangs, for longer than a check waits costs no
// receipt: it is stored when the store is back, also of a check that has ended.
func TestReceiptsOutlastTheStoresAbsence(t *testing.T) {
	for name, fails := range map[string]error{"hangs": nil, "fails": errors.New("no space left on device")} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				kept := &absentStore{Store: memory.New()}
				s := newTestbed(t, server.Limits{})
				s.startWith(kept)
				kept.leave(fails)
				c, m := s.checked("10.0.0.2:5000", s.good("t1"))
				if m.Type != wire.TypeRefused || m.Refused.Reason != wire.RefusedBusy {
					t.Fatalf("without a store: %+v", m)
				}
				c.conn.Close("the check is over")
				stays, _ := s.checked("10.0.0.3:5000", s.token("t2", s.keys.Token, 0, time.Hour))
				if err := testutil.GatherAndCompare(s.registry(), strings.NewReader(`
# HELP examlink_server_receipts_waiting Receipts of checks that are signed and not in the store yet, because it does not answer or its disk is full. The server keeps trying; a student whose check has ended by then has no receipt, but counts as tested once the receipt is stored. They are lost if the server ends before.
# TYPE examlink_server_receipts_waiting gauge
examlink_server_receipts_waiting 2
`), "examlink_server_receipts_waiting"); err != nil {
					t.Error(err)
				}
				time.Sleep(time.Minute)
				kept.comeBack()
				time.Sleep(11 * time.Second)
				list, err := kept.Receipts().List(t.Context(), "e1", store.Page{})
				if err != nil || len(list) != 2 {
					t.Fatalf("%d receipts in the store, want 2: %v", len(list), err)
				}
				again := s.dial(s.host("10.0.0.4:5000"))
				again.greet(wire.Hello{Token: s.good("t2"), Purpose: "check", Resume: stays.welcome.Resume})
				m = again.report(reportOf(1, wire.ReportVerdict, nil)) // a repeat
				if m.Reported == nil || m.Reported.Receipt != string(list[0].Body) && m.Reported.Receipt != string(list[1].Body) {
					t.Errorf("asked again: %+v", m)
				}
				for _, r := range list {
					got, err := receipt.Verify(string(r.Body), s.keys.Token.Public().(ed25519.PublicKey))
					if err != nil || got.Session == "" || !got.Issued.Equal(r.At) || time.Since(got.Issued) < time.Minute {
						t.Errorf("%+v: %v", got, err)
					}
				}
			})
		})
	}
}

// What waits for the store when the server ends gets a last chance.
func TestReceiptsAtTheServersEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := &absentStore{Store: memory.New()}
		s := newTestbed(t, server.Limits{})
		s.startWith(kept)
		kept.leave(errors.New("no space left on device"))
		s.checked("10.0.0.2:5000", s.good("t1"))
		time.Sleep(10 * time.Second)
		kept.comeBack()
		s.stop()
		if list, err := kept.Receipts().List(t.Context(), "e1", store.Page{}); err != nil || len(list) != 1 {
			t.Errorf("%d receipts in the store, want 1: %v", len(list), err)
		}
		s.start(server.Limits{})
	})
}

// A server whose store hangs ends all the same, whatever the store should still know.
func TestServerEndsWithoutItsStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := &absentStore{Store: memory.New()}
		s := newTestbed(t, server.Limits{})
		s.startWith(kept)
		kept.leave(nil)
		for i := range 30 {
			c := s.call(s.host(fmt.Sprintf("10.0.1.%d:5000", i+1)), s.good(fmt.Sprint("t", i)), "")
			c.probes(1, time.Second)
		}
		before := time.Now()
		s.stop()
		if took := time.Since(before); took > 15*time.Second {
			t.Errorf("the server took %v to end", took)
		}
		kept.comeBack()
		s.start(server.Limits{})
	})
}
