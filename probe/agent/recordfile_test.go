package agent

import (
	"path/filepath"
	"testing"
	"time"

	"examlink/probe"
	"examlink/probe/record"
	"examlink/probe/wire"
)

func TestRecordNames(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("XDG_CONFIG_HOME", dir)
	t.Setenv("AppData", dir)
	at := time.Date(2026, 6, 15, 9, 0, 0, 0, time.UTC)
	names, err := recordNames("", "../../msds 5001/ü", at)
	if err != nil || len(names) != recordTries || filepath.Base(names[0]) != "_.._msds_5001__-2026-06-15.jsonl" || filepath.Base(names[1]) != "_.._msds_5001__-2026-06-15-2.jsonl" ||
		filepath.Base(filepath.Dir(names[0])) != "records" {
		t.Errorf("%q, %v", names, err)
	}
	if names, err := recordNames(NoRecord, "e", at); names != nil || err != nil {
		t.Errorf("%q, %v", names, err)
	}
	// A file that is in use is passed over.
	s := StartOf(probe.DefaultOptions(), wire.JoinToken{Exam: "e", Servers: []string{"a:1"}}, at)
	names, _ = recordNames("", "e", at)
	var open []*record.Writer
	for i := range 2 {
		w, name, err := openRecord(names, s, at)
		if err != nil || name != names[i] {
			t.Fatalf("%s, %v, want %s", name, err, names[i])
		}
		open = append(open, w)
	}
	for _, w := range open {
		_ = w.Close()
	}
}
