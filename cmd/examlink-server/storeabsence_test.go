//go:build unix

package main

import (
	"context"
	"crypto/ed25519"
	"flag"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"examlink/probe"
	"examlink/probe/receipt"
	"examlink/server"
	"examlink/server/store"
	"examlink/server/store/sql"
	"examlink/server/store/storetest"
)

var absence = flag.Duration("absence", 8*time.Second, "for how long TestStoreAbsence keeps a database away, twice")

// A database that hangs, or is gone, is an operators' matter: students are admitted,
// measured and missed as before, alerts are delivered, and a check ends with its verdict.
// What should have been stored is stored when the database is back. With -absence it is
// away for longer.
func TestStoreAbsence(t *testing.T) {
	db := storetest.StartPostgres(t)
	t.Parallel()
	for name, away := range map[string][2]func(){"hangs": {db.Freeze, db.Thaw}, "gone": {db.Stop, db.Start}} {
		t.Run(name, func(t *testing.T) {
			url := db.Database()
			testStoreAbsence(t, absentStore{
				data: filepath.Join(t.TempDir(), "data"), configuration: "store:\n  url: " + url + "\n", options: sql.Options{URL: url},
				leave: away[0], comeBack: away[1], failing: []string{"receipts", "sessions", "queues"},
			})
		})
	}
}

// absentStore is a store that is away for a while.
type absentStore struct {
	data          string // the server's directory
	configuration string
	options       sql.Options
	leave         func()
	comeBack      func()
	failing       []string // the parts whose writes fail meanwhile
}

func testStoreAbsence(t *testing.T, away absentStore) {
	keys, err := server.LoadKeys(away.data, "", "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	proctors, configuration := startProctor(t)
	p := startProcess(t, away.data, configuration+away.configuration, "")
	lost, stays := newStudent(t, p.address, keys, "lost"), newStudent(t, p.address, keys, "stays")
	lost.watch(t)
	stays.watch(t)
	live := func(n string) func() bool {
		return func() bool {
			return p.metric(`examlink_exam_sessions{exam="e1",purpose="watch",state="live"} ` + n)
		}
	}
	p.eventually("two live sessions", live("2"))
	p.eventually("the store works", func() bool { return p.metric(`examlink_server_store_last_write_successful{part="sessions"} 1`) })

	began := time.Now()
	away.leave()
	lost.cut.Store(true)
	p.eventually("the proctor hears of who is lost", func() bool { return proctors.hears("lost", "suspect") && proctors.hears("lost", "dropped") })
	late := newStudent(t, p.address, keys, "late")
	late.watch(t)
	p.eventually("who comes meanwhile is admitted and measured", live("2"))
	checked := newStudent(t, p.address, keys, "checked")
	r, err := probe.Check(t.Context(), checked.o, nil)
	if err != nil || r.Verdict.Outcome == "" || r.Receipt != "" || !r.ReceiptOwed {
		t.Errorf("a check meanwhile: outcome %q, receipt %q, owed %t, %v", r.Verdict.Outcome, r.Receipt, r.ReceiptOwed, err)
	}
	p.eventually("metrics and readiness say so", func() bool {
		ready := p.get("/-/ready")
		for _, part := range away.failing {
			if !p.metric(`examlink_server_store_last_write_successful{part="`+part+`"} 0`) || !strings.Contains(ready, "\ndegraded: cannot write "+part) {
				return false
			}
		}
		return p.metric(`examlink_server_receipts_waiting 1`) && strings.HasPrefix(ready, "ready\n")
	})
	lost.cut.Store(false)
	p.eventually("the proctor hears of who is back", func() bool { return proctors.hears("lost", "recovered") })
	time.Sleep(*absence - time.Since(began))
	away.comeBack()

	p.eventually("everything is stored", func() bool {
		return p.metric(`examlink_server_receipts_waiting 0`) && p.get("/-/ready") == "ready\n"
	})
	for _, who := range []string{"stays", "late", "checked"} {
		if got := proctors.kinds(who, time.Time{}); len(got) > 0 {
			t.Errorf("alerts about %s: %q", who, got)
		}
	}
	if got := strings.Join(proctors.kinds("lost", time.Time{}), ", "); !strings.HasPrefix(got, "suspect, dropped") || !strings.HasSuffix(got, "recovered") {
		t.Errorf("alerts about who was lost: %s", got)
	}
	checkStored(t, p, away.options, keys)
}

// checkStored looks for what should be in the store after the database was away.
func checkStored(t *testing.T, p *process, o sql.Options, keys server.Keys) {
	t.Helper()
	if o.File != "" { // for one process at a time
		p.kill()
	}
	ctx := context.WithoutCancel(t.Context())
	kept, err := sql.Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	of, err := kept.Receipts().Standing(ctx, "e1", "checked")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := receipt.Verify(string(of.Last.Body), keys.Token.Public().(ed25519.PublicKey)); err != nil {
		t.Error(err)
	}
	sessions, err := kept.Sessions().List(ctx, store.Page{})
	if err != nil || len(sessions) != 3 {
		t.Errorf("live sessions: %+v, %v, want those of lost, stays and late", sessions, err)
	}
	q, err := kept.Queue(ctx, "proctors")
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	if list, err := q.Waiting(ctx); err != nil || len(list) > 0 {
		t.Errorf("alerts that wait although they were delivered: %+v, %v", list, err)
	}
}
