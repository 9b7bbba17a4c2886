package main

import (
	"database/sql"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

var powerLosses = flag.Int("power-losses", 1, "how often TestPowerLoss loses a server's power")

// The power fails at random moments while checks and watches run: the server starts on
// what its disk has, nothing that it acknowledged is lost, no session is stuck, and a
// student who is lost at the same moment is reported. The server's first start is within
// what may be lost. With -power-losses the power fails more often.
func TestPowerLoss(t *testing.T) {
	if testing.Short() {
		t.Skip("each power loss takes 20 s, until a student is missed by the next server")
	}
	t.Parallel()
	disk := newLoopDisk(t, 64)
	x := newFaultyExam(t, filepath.Join(disk.dir, "data"))
	for range *powerLosses {
		x.endServer(func(lose func()) {
			x.server.freeze()
			lose()
			disk.losePower(x.server.kill)
			x.data = filepath.Join(disk.dir, "data")
		})
	}
	receipts, lines := x.finish()
	t.Logf("%d power losses, as often a student was lost and reported; %d receipts acknowledged and there; %d lines of records", *powerLosses, receipts, lines)
}

// What is not brought to the disk is lost, so that TestPowerLoss can fail: a file without
// fsync, and the transactions of a database that does without it. Those of a database
// with the server's settings are there.
func TestPowerLossLosesWhatIsNotSynced(t *testing.T) {
	disk := newLoopDisk(t, 64)
	const rows = 100
	full := commitRows(t, filepath.Join(disk.dir, "full.db"), "FULL", rows)
	off := commitRows(t, filepath.Join(disk.dir, "off.db"), "OFF", rows)
	if err := os.WriteFile(filepath.Join(disk.dir, "plain"), []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	disk.losePower(func() { _, _ = full.Close(), off.Close() })
	if n, err := countRows(filepath.Join(disk.dir, "full.db")); err != nil || n != rows {
		t.Errorf("with fsync: %d of %d transactions, %v", n, rows, err)
	}
	if n, err := countRows(filepath.Join(disk.dir, "off.db")); err == nil && n == rows {
		t.Errorf("without fsync: all transactions are there, expected some to be lost")
	}
	if b, err := os.ReadFile(filepath.Join(disk.dir, "plain")); err == nil && string(b) == "content" {
		t.Error("a file without fsync is there, expected it to be lost")
	}
}

// commitRows makes a database and so many transactions, which are in its log while the
// database is open.
func commitRows(t *testing.T, file, synchronous string, rows int) *sql.DB {
	t.Helper()
	db, err := openSQLite(file, synchronous)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("CREATE TABLE t (n int)"); err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		if _, err := db.Exec("INSERT INTO t VALUES ($1)", i); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

func countRows(file string) (n int, err error) {
	if _, err := os.Stat(file); err != nil {
		return 0, err
	}
	db, err := openSQLite(file, "FULL")
	if err != nil {
		return 0, err
	}
	defer db.Close()
	err = db.QueryRow("SELECT count(*) FROM t").Scan(&n)
	return n, err
}

func openSQLite(file, synchronous string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", fmt.Sprintf("file:%s?_pragma=journal_mode(WAL)&_pragma=synchronous(%s)", file, synchronous))
	if err == nil {
		db.SetMaxOpenConns(1)
	}
	return db, err
}
