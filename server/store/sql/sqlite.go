package sql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	_ "modernc.org/sqlite" // the driver

	"examlink/probe/lockfile"
)

// leastSQLite is the first version that does not corrupt a database when its log
// is reset: https://sqlite.org/wal.html#walresetbug.
var leastSQLite = []int{3, 51, 3}

// Chosen by us.
const (
	lockSuffix  = ".lock"
	busyTimeout = "5000" // ms, for backups and the command line beside a server
	readers     = 4
)

// openSQLite opens the database in a file for this process alone.
func openSQLite(ctx context.Context, file string) (*database, error) {
	lock, err := lockSQLite(file)
	if err != nil {
		return nil, err
	}
	d := &database{release: lock.Close, dialect: dialect{name: "SQLite", text: "text", bytes: "blob", writers: 1, batch: maxBatch, rows: 50, log: true}}
	if err := makeSQLite(file); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	d.write, err = sqliteIn(file, "rw", 1, "journal_mode(WAL)", "synchronous(FULL)", "fullfsync(ON)", "checkpoint_fullfsync(ON)", "secure_delete(ON)")
	if err == nil {
		d.read, err = sqliteIn(file, "rw", readers, "query_only(ON)")
	}
	if err == nil {
		err = checkSQLite(ctx, d.write)
	}
	if err == nil {
		return d, nil
	}
	for _, db := range []*sql.DB{d.write, d.read} {
		if db != nil {
			err = errors.Join(err, db.Close())
		}
	}
	return nil, errors.Join(fmt.Errorf("%s: %w", file, err), lock.Close())
}

// lockSQLite keeps other processes from opening a database.
func lockSQLite(file string) (*os.File, error) {
	lock, err := lockfile.Open(file + lockSuffix)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return lock, nil
}

// makeSQLite makes an empty database if there is none. SQLite gives the files
// beside it the same permissions.
func makeSQLite(file string) error {
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(0o600), f.Close())
}

// sqliteIn prepares connections to a database. Transactions take their lock when
// they begin, not when they first write.
func sqliteIn(file, mode string, connections int, pragmas ...string) (*sql.DB, error) {
	file, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	path := filepath.ToSlash(file)
	if !strings.HasPrefix(path, "/") { // on Windows
		path = "/" + path
	}
	q := url.Values{"mode": {mode}, "_txlock": {"immediate"}, "_pragma": append([]string{"busy_timeout(" + busyTimeout + ")"}, pragmas...)}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// checkSQLite checks that the library and the database are what we rely on.
func checkSQLite(ctx context.Context, db *sql.DB) error {
	var version, mode string
	var synchronous, secure int
	err := errors.Join(
		db.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&version),
		db.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode),
		db.QueryRowContext(ctx, "PRAGMA synchronous").Scan(&synchronous),
		db.QueryRowContext(ctx, "PRAGMA secure_delete").Scan(&secure),
	)
	switch {
	case err != nil:
		return err
	case slices.Compare(numbers(version), leastSQLite) < 0:
		return fmt.Errorf("SQLite %s, expected at least %v", version, leastSQLite)
	case mode != "wal" || synchronous != 2 || secure != 1:
		return fmt.Errorf("SQLite: journal_mode %s, synchronous %d, secure_delete %d, expected wal, 2 and 1", mode, synchronous, secure)
	}
	return nil
}

// numbers are those of a version; none from a part on that is not a number.
func numbers(version string) (out []int) {
	for part := range strings.SplitSeq(version, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return out
		}
		out = append(out, n)
	}
	return out
}
