//go:build unix

package main

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"examlink/probe"
	"examlink/probe/link"
	"examlink/probe/receipt"
	"examlink/server"
	"examlink/server/store"
	"examlink/server/store/sql"
)

// faultyExam is an exam whose server is ended again and again, and started on what it
// left. Three students are watched all the time and others check their links.
type faultyExam struct {
	t             *testing.T
	data          string
	keys          server.Keys
	proctors      *proctor
	configuration string
	server        *process
	watched       []*outsideStudent
	a             *acknowledged
	round         int
	checks        sync.WaitGroup // whole ones
}

func newFaultyExam(t *testing.T, data string) *faultyExam {
	t.Helper()
	x := &faultyExam{t: t, data: data, a: &acknowledged{list: map[string]string{}}}
	var err error
	if x.keys, err = server.LoadKeys(data, "", "", time.Now()); err != nil {
		t.Fatal(err)
	}
	x.proctors, x.configuration = startProctor(t)
	x.server = startProcess(t, data, x.configuration, "")
	for _, name := range []string{"w0", "w1", "w2"} {
		s := newStudent(t, x.server.address, x.keys, name)
		s.watch(t)
		x.watched = append(x.watched, s)
	}
	return x
}

// restart starts the server again, at the same address.
func (x *faultyExam) restart() {
	x.t.Helper()
	x.server = startProcess(x.t, x.data, x.configuration, x.server.address)
}

// live waits until so many watches are live.
func (x *faultyExam) live(n int) {
	x.t.Helper()
	x.server.eventually(fmt.Sprintf("%d live watches", n), func() bool {
		return x.server.metric(fmt.Sprintf(`examlink_exam_sessions{exam="e1",purpose="watch",state="live"} %d`, n))
	})
}

// endServer is one round: the server ends at a random moment while checks and watches
// run, and one watched student is lost with it. What ends the server calls lose once the
// server does nothing any more. Nobody but that student is missed by the next server.
func (x *faultyExam) endServer(end func(lose func())) {
	t := x.t
	t.Helper()
	x.live(len(x.watched))
	whole := newStudent(t, x.server.address, x.keys, fmt.Sprint("c", x.round))
	x.checks.Go(func() { wholeCheck(t, whole, x.a) }) // ends with its verdict
	stop := x.report()
	for before, began := x.a.count(), time.Now(); x.a.count() == before; time.Sleep(10 * ms) {
		if time.Since(began) > time.Minute {
			t.Fatal("the server acknowledges nothing")
		}
	}
	time.Sleep(time.Duration(rand.IntN(2000)) * ms)
	lost := x.watched[x.round%len(x.watched)]
	var from time.Time
	end(func() { lost.cut.Store(true); from = time.Now() })
	stop()
	x.restart()

	x.server.eventually("the proctor hears of who was lost", func() bool { return x.proctors.hearsSince(lost.name, "dropped", from) })
	x.live(len(x.watched) - 1)
	lost.cut.Store(false)
	x.server.eventually("the proctor hears of who is back", func() bool { return x.proctors.hearsSince(lost.name, "recovered", from) })
	for _, s := range append([]*outsideStudent{whole}, x.watched...) {
		if got := x.proctors.kinds(s.name, from); s != lost && len(got) > 0 {
			t.Errorf("round %d: alerts about %s, who was not lost: %q", x.round, s.name, got)
		}
	}
	x.round++
}

// wholeCheck is a check as a student runs it. It ends with a receipt, or says that it was
// interrupted.
func wholeCheck(t *testing.T, s *outsideStudent, a *acknowledged) {
	r, err := probe.Check(context.WithoutCancel(t.Context()), s.o, nil)
	switch {
	case err != nil:
		t.Errorf("the check of %s: %v", s.name, err)
	case r.Receipt != "":
		err = a.add(r.Receipt)
	case r.Interrupted == "":
		t.Errorf("the check of %s has no receipt: %q", s.name, r.Verdict.Outcome)
	}
	if err != nil {
		t.Error(err)
	}
}

// report makes six students report verdicts one after the other until the server is gone
// or stop is called.
func (x *faultyExam) report() (stop func()) {
	ctx, cancel := context.WithCancel(x.t.Context())
	address := x.server.address
	var wg sync.WaitGroup
	for i := range 6 {
		s := newStudent(x.t, address, x.keys, fmt.Sprint("s", i))
		wg.Go(func() {
			for ctx.Err() == nil {
				if reportVerdict(ctx, x.a, address, link.Fingerprint(x.keys.Certificate.Leaf), s.o.Token) != nil {
					return
				}
			}
		})
	}
	return func() { cancel(); wg.Wait() }
}

// finish ends the exam, and looks for everything that was acknowledged: no session is
// left, every receipt is in the store and verifies, and every record is whole.
func (x *faultyExam) finish() (receipts, lines int) {
	t := x.t
	t.Helper()
	x.checks.Wait()
	x.live(len(x.watched))
	for _, s := range x.watched {
		s.end()
		lines += s.lines
	}
	x.server.eventually("no session is left", func() bool {
		for l := range strings.Lines(x.server.get("/metrics")) {
			if strings.HasPrefix(l, `examlink_exam_sessions{exam="e1"`) && !strings.HasSuffix(l, "} 0\n") {
				return false
			}
		}
		return true
	})
	x.server.stop()
	kept, err := sql.Open(t.Context(), sql.Options{File: filepath.Join(x.data, "examlink.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	if left, err := kept.Sessions().List(t.Context(), store.Page{}); err != nil || len(left) > 0 {
		t.Errorf("sessions that are stuck: %+v, %v", left, err)
	}
	for id, jws := range x.a.list {
		r, err := kept.Receipts().Get(t.Context(), id)
		if err != nil || string(r.Body) != jws {
			t.Errorf("receipt %s, which was acknowledged: %v", id, err)
		}
		if _, err := receipt.Verify(jws, x.keys.Token.Public().(ed25519.PublicKey)); err != nil {
			t.Error(err)
		}
	}
	return len(x.a.list), lines
}

// hearsSince reports whether the proctor has an alert of a kind about a student from a
// time on.
func (p *proctor) hearsSince(student, kind string, from time.Time) bool {
	for _, k := range p.kinds(student, from) {
		if k == kind {
			return true
		}
	}
	return false
}
