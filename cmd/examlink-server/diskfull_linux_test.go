package main

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"examlink/server/store/sql"
)

// A full disk is an operators' matter, as a store that is away is.
func TestDiskFull(t *testing.T) {
	if testing.Short() {
		t.Skip("the disk stays full for 8 s, and what it kept waiting takes as long")
	}
	t.Parallel()
	disk := newLoopDisk(t, 32)
	data, filler := filepath.Join(disk.dir, "data"), filepath.Join(disk.dir, "filler")
	testStoreAbsence(t, absentStore{
		data: data, options: sql.Options{File: filepath.Join(data, "examlink.db")},
		leave: func() { fill(t, filler) },
		comeBack: func() {
			if err := os.Remove(filler); err != nil {
				t.Error(err)
			}
		},
		failing: []string{"receipts", "sessions", "queues", "warnings"},
	})
}

// fill makes a file as large as the disk allows.
func fill(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size > 0; {
		switch _, err := f.Write(make([]byte, size)); {
		case errors.Is(err, syscall.ENOSPC):
			size /= 2
		case err != nil:
			t.Fatal(err)
		}
	}
}
