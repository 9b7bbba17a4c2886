package delivery

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"
)

// storeMetrics returns what the metrics say of the writes of a part.
func storeMetrics(t *testing.T, c prometheus.Collector) string {
	t.Helper()
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(c)
	b, err := testutil.CollectAndFormat(c, expfmt.TypeTextPlain, "examlink_server_store_write_errors_total", "examlink_server_store_last_write_successful")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, line := range strings.Split(string(b), "\n") {
		if name, value, ok := strings.Cut(line, "{"); ok {
			out = append(out, strings.TrimPrefix(name, "examlink_server_store_")+value[strings.LastIndex(value, " "):])
		}
	}
	return strings.Join(out, ", ")
}

// A disk that is full is in the metrics within a minute, though nothing has to be
// kept, is logged once, and what could not be kept is kept once there is room.
func TestFullDiskIsInTheMetrics(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("this system has no /dev/full")
	}
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		var log strings.Builder
		a, err := New(Options{Dir: dir, Hold: -1, Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- a.Run(ctx) }()
		defer finish(t, cancel, done)
		is := func(when, want string) {
			t.Helper()
			synctest.Wait()
			if got := storeMetrics(t, a.metrics.saved); got != want {
				t.Errorf("%s: %s, want %s", when, got, want)
			}
		}
		is("at the start", "last_write_successful 1, write_errors_total 0")

		full := filepath.Join(dir, activeFile+".new") // what is written before it replaces the file
		if err := os.Symlink("/dev/full", full); err != nil {
			t.Fatal(err)
		}
		time.Sleep(saveEvery)
		is("a minute after the disk is full", "last_write_successful 0, write_errors_total 1")
		a.State(sessionNamed("a", "live"))
		a.State(sessionNamed("a", "suspect"))
		is("after a warning", "last_write_successful 0, write_errors_total 2")
		if n := strings.Count(log.String(), "not saved"); n != 1 {
			t.Errorf("logged %d times:\n%s", n, log.String())
		}

		if err := os.Remove(full); err != nil {
			t.Fatal(err)
		}
		time.Sleep(saveEvery)
		is("a minute after there is room", "last_write_successful 1, write_errors_total 2")
		if list, err := readActive(filepath.Join(dir, activeFile)); err != nil || len(list) != 1 {
			t.Errorf("%d warnings are kept, %v, want the one", len(list), err)
		}
	})
}

// One file of several that fails is seen, whatever the others do.
func TestWritesOfSeveralFiles(t *testing.T) {
	w := NewWrites(PartQueues)
	for i, c := range []struct {
		file string
		err  error
		want string
	}{
		{"a", nil, "last_write_successful 1, write_errors_total 0"},
		{"b", errors.New("no space left on device"), "last_write_successful 0, write_errors_total 1"},
		{"a", nil, "last_write_successful 0, write_errors_total 1"},
		{"b", nil, "last_write_successful 1, write_errors_total 1"},
	} {
		w.Done(c.file, c.err)
		if got := storeMetrics(t, w); got != c.want {
			t.Errorf("%d: %s, want %s", i, got, c.want)
		}
	}
	if got := storeMetrics(t, NewWrites(PartQueues)); got != "write_errors_total 0" {
		t.Errorf("before the first: %s", got)
	}
}
