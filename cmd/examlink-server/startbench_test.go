//go:build unix

package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"examlink/server/store"
	"examlink/server/store/sql"
	"examlink/server/store/storetest"
)

// BenchmarkStart measures how long a server's process takes until it serves students, and until
// it has counted the students of its exam for the first time, and the memory that it has then:
// with an empty store, with 100,000 receipts of a roster of 10,000, and with 5,000 live sessions of
// an earlier run.
func BenchmarkStart(b *testing.B) {
	for _, size := range []struct{ students, receipts, sessions int }{{}, {10_000, 100_000, 0}, {0, 0, 5000}} {
		b.Run(fmt.Sprintf("receipts=%d/sessions=%d", size.receipts, size.sessions), func(b *testing.B) {
			b.Run("SQLite", func(b *testing.B) {
				data := b.TempDir()
				fillStore(b, sql.Options{File: filepath.Join(data, "examlink.db")}, size.students, size.receipts, size.sessions)
				measureStart(b, data, "", size.sessions)
			})
			b.Run("PostgreSQL", func(b *testing.B) {
				url := storetest.StartPostgres(b).Database()
				fillStore(b, sql.Options{URL: url}, size.students, size.receipts, size.sessions)
				measureStart(b, b.TempDir(), "store: {url: '"+url+"'}\n", size.sessions)
			})
		})
	}
}

// fillStore makes an exam tomorrow with a roster, receipts of its students in turn, and live sessions.
func fillStore(b *testing.B, o sql.Options, students, receipts, sessions int) {
	b.Helper()
	s, err := sql.Open(b.Context(), o)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	now := time.Now()
	err = s.Exams().Create(b.Context(), store.Exam{ID: "e1", Start: now.Add(24 * time.Hour), End: now.Add(26 * time.Hour), Zone: "UTC", Policy: "default"})
	if err != nil {
		b.Fatal(err)
	}
	var roster []store.Student
	for i := range students {
		roster = append(roster, store.Student{ID: fmt.Sprintf("s%05d", i)})
	}
	if err := s.Roster().Put(b.Context(), "e1", roster); err != nil {
		b.Fatal(err)
	}
	body := bytes.Repeat([]byte("x"), 2000)
	const writers = 64
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := w; i < receipts; i += writers {
				r := store.Receipt{ID: fmt.Sprintf("%09d", i), Exam: "e1", Student: fmt.Sprintf("s%05d", i%students), At: now, Outcome: "ready", Body: body}
				if err := s.Receipts().Append(b.Context(), r); err != nil {
					b.Error(err)
				}
			}
			for i := w; i < sessions; i += writers {
				x := store.LiveSession{
					ID: fmt.Sprintf("x%015d", i), Exam: "e1", Student: fmt.Sprintf("s%05d", i), Token: fmt.Sprintf("t%015d", i),
					Purpose: "watch", Transport: "udp", State: "live", LastPacket: now,
				}
				if err := s.Sessions().Put(b.Context(), x); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
}

// measureStart starts a server, kills it, and starts it again. It reports medians. With PostgreSQL a
// server takes up the sessions of one that was killed only when that counts as gone.
func measureStart(b *testing.B, data, configuration string, sessions int) {
	var serves, counts, memory []float64 // of each start
	b.ResetTimer()
	for range b.N {
		began := time.Now()
		p := startProcess(b, data, "log: {level: info}\n"+configuration, "")
		serves = append(serves, time.Since(began).Seconds())
		for figure(b, p, "examlink_server_exam_students_timestamp_seconds") == 0 {
			time.Sleep(10 * ms)
		}
		counts = append(counts, time.Since(began).Seconds())
		p.eventually("all sessions are known", func() bool {
			return figure(b, p, "examlink_server_sessions_without_series") == float64(max(0, sessions-1000))
		})
		memory = append(memory, figure(b, p, "process_resident_memory_bytes"))
		p.kill()
	}
	b.ReportMetric(median(serves)*1e3, "ms-until-serving")
	b.ReportMetric(median(counts)*1e3, "ms-until-counted")
	b.ReportMetric(median(memory)/1e6, "MB-resident")
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// figure is the value of a metric without labels; 0 if there is none.
func figure(b *testing.B, p *process, name string) float64 {
	for l := range strings.Lines(p.get("/metrics")) {
		if n, value, _ := strings.Cut(strings.TrimSpace(l), " "); n == name {
			v, err := strconv.ParseFloat(value, 64)
			if err != nil {
				b.Fatal(err)
			}
			return v
		}
	}
	return 0
}
