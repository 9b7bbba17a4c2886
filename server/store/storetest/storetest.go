// Package storetest holds implementations of a store to the behaviour that package
// store describes.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"examlink/server/store"
)

// Reopen opens again what a store has kept. With killed, it leaves the store open,
// as a process does that is killed; otherwise it closes it first.
type Reopen func(t *testing.T, s store.Store, killed bool) store.Store

// Test runs every test with stores that open makes, empty each time; it closes
// them. A nil reopen says that the store keeps nothing beyond Close.
func Test(t *testing.T, open func(t *testing.T) store.Store, reopen Reopen) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, store.Store)
	}{
		{"Exams", testExams}, {"ExamsOfAllKinds", testInvalidExams}, {"Paging", testPaging},
		{"Roster", testRoster}, {"RosterIsAllOrNothing", testRosterAllOrNothing}, {"LargeRoster", testLargeRoster}, {"Attendance", testAttendance},
		{"Receipts", testReceipts}, {"Standings", testStandings}, {"EraseReceipts", testEraseReceipts}, {"InvalidReceipts", testInvalidReceipts},
		{"Records", testRecords}, {"EraseRecords", testEraseRecords}, {"Sessions", testSessions}, {"AdoptSessions", testAdoptSessions},
		{"Events", testEvents}, {"EventsOfMany", testConcurrentEvents}, {"InvalidEvents", testInvalidEvents}, {"Members", testMembers}, {"Leader", testLeader},
		{"Values", testValues}, {"InvalidValues", testInvalidValues}, {"ConcurrentValues", testConcurrentValues},
		{"Tokens", testTokens}, {"EraseTokens", testEraseTokens}, {"InvalidTokens", testInvalidTokens},
		{"SignIns", testSignIns}, {"ExpireSignIns", testExpireSignIns}, {"InvalidSignIns", testInvalidSignIns},
		{"Queue", testQueue}, {"QueueKeepsBodies", testQueueBodies}, {"QueueNames", testQueueNames}, {"Undelivered", testUndelivered}, {"GiveUpForReasons", testReasons},
		{"Audit", testAudit}, {"InvalidAudit", testInvalidAudit}, {"Audited", testAudited}, {"AuditErase", testAuditErase}, {"AuditExpire", testAuditExpire}, {"About", testAbout},
		{"Erase", testErase}, {"Expire", testExpire}, {"ForeignIdentifiers", testForeignIdentifiers}, {"Copies", testCopies}, {"Contexts", testContexts}, {"Closed", testClosed},
		{"ConcurrentChanges", testConcurrentChanges}, {"ConcurrentClaims", testConcurrentClaims}, {"ConcurrentQueue", testConcurrentQueue}, {"ConcurrentAudit", testConcurrentAudit}, {"ConcurrentSignIns", testConcurrentSignIns},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t)
			defer func() { must(t, s.Close()) }()
			c.run(t, s)
		})
	}
	if reopen == nil {
		return
	}
	for _, killed := range []bool{false, true} {
		t.Run(fmt.Sprintf("Reopened/killed=%t", killed), func(t *testing.T) {
			s := open(t)
			fill(t, s)
			before := describe(t, s)
			again := reopen(t, s, killed)
			if after := describe(t, again); after != before {
				t.Errorf("opened again:\n%s\nwant\n%s", after, before)
			}
			fillMore(t, again)
			before = describe(t, again)
			third := reopen(t, again, killed)
			if after := describe(t, third); after != before {
				t.Errorf("opened a third time:\n%s\nwant\n%s", after, before)
			}
			must(t, errors.Join(s.Close(), again.Close(), third.Close()))
		})
	}
}

var start = time.Date(2026, 12, 1, 9, 0, 0, 123456000, time.UTC)

func at(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// got returns a value that must be there.
func got[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		must(t, err)
		return v
	}
}

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

func exam(id string) store.Exam {
	return store.Exam{ID: id, Title: "Algebra & <Logic>", Start: at(0), End: at(7200), Zone: "Europe/Zurich", Policy: "default"}
}

// pages reads a list page by page.
func pages[T any](t *testing.T, limit int, id func(T) string, list func(context.Context, store.Page) ([]T, error)) (all []T) {
	t.Helper()
	p := store.Page{Limit: limit}
	for {
		some, err := list(t.Context(), p)
		must(t, err)
		if len(some) > p.Size() {
			t.Fatalf("%d entries on a page of %d", len(some), p.Size())
		}
		for _, x := range some {
			if id(x) <= p.After {
				t.Fatalf("%q after %q", id(x), p.After)
			}
			p.After = id(x)
		}
		all = append(all, some...)
		if len(some) < p.Size() {
			return all
		}
	}
}

func studentID(s store.Student) string     { return s.ID }
func receiptID(r store.Receipt) string     { return r.ID }
func sessionOf(h store.RecordHead) string  { return h.Session }
func sessionID(s store.LiveSession) string { return s.ID }
func examID(e store.Exam) string           { return e.ID }
func standingOf(s store.Standing) string   { return s.Student }
func bg(t *testing.T) context.Context      { return t.Context() }
func numbered(prefix string, i int) string { return fmt.Sprintf("%s%05d", prefix, i) }
