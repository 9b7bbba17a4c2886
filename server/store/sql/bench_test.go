//go:build unix

package sql_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"examlink/server/store"
	"examlink/server/store/sql"
	"examlink/server/store/storetest"
)

// Sizes of a large exam, and of a receipt.
const (
	manyStudents = 10_000
	manyReceipts = 100_000
	receiptBytes = 2000
)

// onBoth runs a benchmark with an empty database of each kind, which lie on the
// disk of the temporary directory.
func onBoth(b *testing.B, run func(b *testing.B, o sql.Options, p *storetest.Postgres)) {
	b.Run("SQLite", func(b *testing.B) { run(b, sql.Options{File: filepath.Join(b.TempDir(), "examlink.db")}, nil) })
	b.Run("PostgreSQL", func(b *testing.B) {
		p := storetest.StartPostgres(b)
		run(b, sql.Options{URL: p.Database()}, p)
	})
}

func opened(b *testing.B, o sql.Options) *sql.Store {
	b.Helper()
	s, err := sql.Open(b.Context(), o)
	must(b, err)
	return s
}

// BenchmarkReceipt measures from handing a receipt over to its acknowledgement.
func BenchmarkReceipt(b *testing.B) {
	for _, writers := range []int{1, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			onBoth(b, func(b *testing.B, o sql.Options, _ *storetest.Postgres) {
				s := opened(b, o)
				defer s.Close()
				body := []byte(strings.Repeat("x", receiptBytes))
				took := make([]time.Duration, b.N)
				var next atomic.Int64
				var all sync.WaitGroup
				b.ReportAllocs()
				b.ResetTimer()
				for range writers {
					all.Go(func() {
						for i := next.Add(1) - 1; i < int64(b.N); i = next.Add(1) - 1 {
							r := store.Receipt{ID: fmt.Sprintf("%09d", i), Exam: "e1", Student: fmt.Sprint("s", i%manyStudents), At: time.Unix(i, 0), Outcome: "ready", Body: body}
							began := time.Now()
							if err := s.Receipts().Append(b.Context(), r); err != nil {
								b.Error(err)
							}
							took[i] = time.Since(began)
						}
					})
				}
				all.Wait()
				b.StopTimer()
				slices.Sort(took)
				b.ReportMetric(took[len(took)/2].Seconds()*1e3, "p50-ms")
				b.ReportMetric(took[len(took)*99/100].Seconds()*1e3, "p99-ms")
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "receipts/s")
			})
		})
	}
}

// BenchmarkRoster imports a large roster.
func BenchmarkRoster(b *testing.B) {
	var students []store.Student
	for i := range manyStudents {
		id := fmt.Sprintf("s%05d", i)
		students = append(students, store.Student{ID: id, Contact: store.Contact(id + "@example.org"), Group: "A", Site: "home"})
	}
	onBoth(b, func(b *testing.B, o sql.Options, _ *storetest.Postgres) {
		s := opened(b, o)
		defer s.Close()
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			id := fmt.Sprint("e", n)
			must(b, s.Exams().Create(b.Context(), store.Exam{ID: id, Start: time.Unix(1, 0), End: time.Unix(2, 0), Zone: "UTC", Policy: "default"}))
			must(b, s.Roster().Put(b.Context(), id, students))
		}
	})
}

// filled makes a store with many receipts, ten of each student.
func filled(b *testing.B, o sql.Options, p *storetest.Postgres) {
	s := opened(b, o)
	defer s.Close()
	if p != nil {
		p.Run("psql", "-q", "-d", o.URL, "-c", fmt.Sprintf(`INSERT INTO receipts (id, exam, student, at, late, outcome, body)
			SELECT lpad(i::text, 9, '0'), 'e1', 's' || lpad((i %% %d)::text, 5, '0'), i::bigint * 1000000, FALSE, 'ready', decode(repeat('78', %d), 'hex')
			FROM generate_series(0, %d) i`, manyStudents, receiptBytes, manyReceipts-1))
		return
	}
	body := []byte(strings.Repeat("x", receiptBytes))
	var all sync.WaitGroup
	for w := range 64 {
		all.Go(func() {
			for i := w; i < manyReceipts; i += 64 {
				err := s.Receipts().Append(b.Context(), store.Receipt{
					ID: fmt.Sprintf("%09d", i), Exam: "e1", Student: fmt.Sprintf("s%05d", i%manyStudents), At: time.Unix(int64(i), 0), Outcome: "ready", Body: body,
				})
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
}

// BenchmarkFull measures a store with many receipts: how long it takes to open it,
// to list where the students stand, to copy it and to erase a student.
func BenchmarkFull(b *testing.B) {
	onBoth(b, func(b *testing.B, o sql.Options, p *storetest.Postgres) {
		filled(b, o, p)
		b.Run("Open", func(b *testing.B) {
			for b.Loop() {
				s := opened(b, o)
				_, err := s.Sessions().List(b.Context(), store.Page{})
				must(b, err)
				must(b, s.Close())
			}
		})
		s := opened(b, o)
		defer s.Close()
		b.Run("Standings", func(b *testing.B) {
			for b.Loop() {
				n := 0
				for p := (store.Page{Limit: store.MaxPage}); ; {
					list, err := s.Receipts().Standings(b.Context(), "e1", p)
					must(b, err)
					if n += len(list); len(list) < p.Size() {
						break
					}
					p.After = list[len(list)-1].Student
				}
				if n != manyStudents {
					b.Fatalf("%d students", n)
				}
			}
		})
		if p == nil {
			b.Run("Backup", func(b *testing.B) {
				dir, n := b.TempDir(), 0
				for ; b.Loop(); n++ {
					must(b, sql.Backup(b.Context(), o.File, filepath.Join(dir, fmt.Sprint(n))))
				}
			})
		}
		erased := 0
		b.Run("Erase", func(b *testing.B) {
			for ; b.Loop(); erased++ {
				_, err := s.Erase(b.Context(), "e1", fmt.Sprintf("s%05d", erased))
				must(b, err)
			}
		})
	})
}

// BenchmarkSession measures what the store does for a watch from its admission to its end:
// of a student with a token of an exam in the store, and of one whose token the store does not know, as
// examlink-server token issues them. The server does it beside the session, which does not wait.
func BenchmarkSession(b *testing.B) {
	for _, known := range []bool{true, false} {
		b.Run(fmt.Sprintf("exam=%t", known), func(b *testing.B) {
			onBoth(b, func(b *testing.B, o sql.Options, _ *storetest.Postgres) {
				s := opened(b, o)
				defer s.Close()
				now := time.Now()
				must(b, s.Exams().Create(b.Context(), store.Exam{ID: "e1", Start: now, End: now.Add(time.Hour), Zone: "UTC", Policy: "default"}))
				var students []store.Student
				var tokens []store.Token
				for i := range manyStudents {
					id := fmt.Sprintf("s%05d", i)
					students = append(students, store.Student{ID: id})
					tokens = append(tokens, store.Token{ID: "t" + id, Exam: "e1", Student: id, From: now, Until: now.Add(time.Hour)})
				}
				exam := "e2"
				if known {
					exam = "e1"
					must(b, s.Roster().Put(b.Context(), exam, students))
					must(b, s.Tokens().Add(b.Context(), tokens))
				}
				for n := 0; b.Loop(); n++ {
					id := students[n%manyStudents].ID
					if err := s.Tokens().Open(b.Context(), "t"+id, now); known || !errors.Is(err, store.ErrNotFound) {
						must(b, err)
					}
					x := store.LiveSession{ID: fmt.Sprint("x", n), Exam: exam, Student: id, Token: "t" + id, Purpose: "watch", Transport: "udp", State: "connected", LastPacket: now}
					must(b, s.Sessions().Put(b.Context(), x))
					x.State = "live"
					must(b, s.Sessions().Put(b.Context(), x))
					must(b, s.Attendances().Note(b.Context(), exam, now, id))
					must(b, s.Sessions().Remove(b.Context(), x.ID))
				}
			})
		})
	}
}

// BenchmarkRefresh writes 5,000 live sessions again, one after the other, as a server does
// every 30 s.
func BenchmarkRefresh(b *testing.B) {
	onBoth(b, func(b *testing.B, o sql.Options, _ *storetest.Postgres) {
		s := opened(b, o)
		defer s.Close()
		at := time.Now()
		for b.Loop() {
			at = at.Add(30 * time.Second)
			for i := range 5000 {
				id := fmt.Sprintf("%05d", i)
				must(b, s.Sessions().Put(b.Context(), store.LiveSession{ID: "x" + id, Exam: "e1", Student: "s" + id, Token: "t" + id, Purpose: "watch", Transport: "udp", State: "live", LastPacket: at}))
			}
		}
	})
}
