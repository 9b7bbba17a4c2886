//go:build unix

package sql_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"examlink/server/store"
	"examlink/server/store/sql"
	"examlink/server/store/storetest"
)

// The variables that make the test binary a process that appends receipts.
const (
	appendFile, appendURL, appendRound = "EXAMLINK_TEST_FILE", "EXAMLINK_TEST_URL", "EXAMLINK_TEST_ROUND"
	appenders                          = 8
)

func TestMain(m *testing.M) {
	if os.Getenv(appendRound) != "" {
		fmt.Fprintln(os.Stderr, appendReceipts(sql.Options{File: os.Getenv(appendFile), URL: os.Getenv(appendURL)}, os.Getenv(appendRound)))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// appendReceipts appends receipts from several goroutines, and prints each
// identifier once the receipt is acknowledged, until the process is killed.
func appendReceipts(o sql.Options, round string) error {
	s, err := sql.Open(context.Background(), o)
	if err != nil {
		return err
	}
	failed := make(chan error)
	for w := range appenders {
		go func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%s-%d-%06d", round, w, i)
				r := store.Receipt{ID: id, Exam: "e1", Student: fmt.Sprint("s", i%50), At: time.Unix(int64(i), 0), Outcome: "ready", Body: []byte(strings.Repeat(id, 200))}
				if err := s.Receipts().Append(context.Background(), r); err != nil {
					failed <- err
				}
				if _, err := os.Stdout.WriteString(id + "\n"); err != nil {
					failed <- err
				}
			}
		}()
	}
	return <-failed
}

// What was acknowledged is there after the process was killed, in whatever moment.
func TestProcessDeath(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { testProcessDeath(t, sql.Options{File: filepath.Join(t.TempDir(), "examlink.db")}) })
	t.Run("PostgreSQL", func(t *testing.T) {
		testProcessDeath(t, sql.Options{URL: storetest.StartPostgres(t, "fsync=off").Database()})
	})
}

func testProcessDeath(t *testing.T, o sql.Options) {
	rounds := 30
	if testing.Short() {
		rounds = 5
	}
	acknowledged := map[string]bool{}
	for round := range rounds {
		for _, id := range killed(t, o, fmt.Sprint("k", round), 1+rand.IntN(400)) {
			acknowledged[id] = true
		}
	}
	s, err := sql.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	there := 0
	for p := (store.Page{Limit: store.MaxPage}); ; {
		list, err := s.Receipts().List(t.Context(), "e1", p)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list {
			if string(r.Body) != strings.Repeat(r.ID, 200) {
				t.Errorf("receipt %s is damaged", r.ID)
			}
			delete(acknowledged, r.ID)
			p.After = r.ID
		}
		if there += len(list); len(list) < p.Size() {
			break
		}
	}
	if len(acknowledged) > 0 {
		t.Errorf("%d acknowledged receipts are missing of %d", len(acknowledged), there)
	}
	t.Logf("%d processes killed, %d receipts", rounds, there)
}

// killed starts a process that appends receipts, kills it after some lines, and
// returns what it had acknowledged.
func killed(t *testing.T, o sql.Options, round string, lines int) (ids []string) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), appendFile+"="+o.File, appendURL+"="+o.URL, appendRound+"="+round)
	var complaint strings.Builder
	c.Stderr = &complaint
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var kill sync.Once
	for r := bufio.NewReader(out); ; {
		line, err := r.ReadString('\n')
		if err != nil {
			break // the process is dead
		}
		ids = append(ids, strings.TrimSpace(line))
		if len(ids) >= lines {
			kill.Do(func() { _ = c.Process.Kill() })
		}
	}
	if err := c.Wait(); err == nil || complaint.Len() > 0 || len(ids) < lines {
		t.Fatalf("the process ended by itself after %d receipts: %v: %s", len(ids), err, complaint.String())
	}
	return ids
}
