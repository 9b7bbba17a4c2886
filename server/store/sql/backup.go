package sql

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"examlink/server/store"
)

// Suffixes of files beside a SQLite database.
const (
	partSuffix = ".part" // a copy that is not complete
	logSuffix  = "-wal"
	memSuffix  = "-shm"
	asideForm  = ".20060102T150405.000Z" // when it was put aside
)

// Backup copies a SQLite database into a new file as it is at one moment, also
// while a server uses it, and checks the copy. Only its owner can read the copy.
func Backup(ctx context.Context, file, to string) error {
	if err := backup(ctx, file, to); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return nil
}

func backup(ctx context.Context, file, to string) error {
	if _, err := os.Stat(to); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, fmt.Errorf("%s exists already", to))
	}
	if _, err := os.Stat(file); err != nil {
		return err
	}
	db, err := sqliteIn(file, "rw", 1) // readers write the file of their locks
	if err != nil {
		return err
	}
	defer db.Close()
	part := to + partSuffix
	f, err := os.OpenFile(part, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(part) }()
	if err := f.Close(); err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, "VACUUM INTO $1", part); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if err := verify(ctx, part); err != nil {
		return err
	}
	return moveInto(part, to)
}

// verify checks that a file is a whole database of a version that we know. Nothing
// else uses it.
func verify(ctx context.Context, file string) error {
	if _, err := os.Stat(file); err != nil {
		return err
	}
	db, err := sqliteIn(file, "ro", 1)
	if err != nil {
		return err
	}
	defer db.Close()
	var sound string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&sound); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if sound != "ok" {
		return fmt.Errorf("%s: damaged: %s", file, sound)
	}
	version, err := schemaVersion(ctx, db)
	if err != nil {
		return fmt.Errorf("%s: not a store of examlink: %w", file, err)
	}
	list, err := migrations()
	if err == nil && (version == 0 || version > len(list)) {
		err = fmt.Errorf("%s: a database of version %d, expected 1 to %d", file, version, len(list))
	}
	return err
}

// Restore puts a backup into the place of a SQLite database that no server uses,
// and keeps that under another name, which it returns; empty if there was none.
// Errors: lockfile.ErrInUse while a server uses the database.
//
// The entries are appended to the audit log that is restored, before it takes its place.
// A backup of a version without an audit log has no place for them.
func Restore(ctx context.Context, file, from string, entries ...store.AuditEntry) (aside string, err error) {
	if aside, err = restore(ctx, file, from, entries); err != nil {
		return aside, fmt.Errorf("restore: %w", err)
	}
	return aside, nil
}

func restore(ctx context.Context, file, from string, entries []store.AuditEntry) (aside string, err error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return "", err
	}
	lock, err := lockSQLite(file)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	part := file + partSuffix
	defer func() { _ = os.Remove(part) }()
	if err := copyFile(from, part); err != nil {
		return "", err
	}
	if err := verify(ctx, part); err != nil { // of the copy: SQLite leaves nothing beside the backup
		return "", fmt.Errorf("%s: %w", from, err)
	}
	if err := AppendAudit(ctx, Options{File: part}, entries...); err != nil && !errors.Is(err, ErrNoAudit) {
		return "", err
	}
	if aside, err = putAside(file); err != nil {
		return aside, err
	}
	return aside, moveInto(part, file)
}

// putAside renames a database with the files beside it, the log first: one that is
// left without its database would be taken for that of the next.
func putAside(file string) (aside string, err error) {
	aside = file + time.Now().UTC().Format(asideForm)
	for _, suffix := range []string{logSuffix, memSuffix, ""} {
		err := os.Rename(file+suffix, aside+suffix)
		switch {
		case errors.Is(err, fs.ErrNotExist) && suffix == "":
			return "", nil
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return aside, err
		}
	}
	return aside, syncDirectory(filepath.Dir(file))
}

// copyFile copies a file onto the disk, for its owner only.
func copyFile(from, to string) error {
	r, err := os.Open(from)
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, r)
	return errors.Join(err, w.Sync(), w.Close())
}

// moveInto gives a file its name once its content is on the disk.
func moveInto(part, name string) error {
	f, err := os.OpenFile(part, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close(), os.Rename(part, name)); err != nil {
		return err
	}
	return syncDirectory(filepath.Dir(name))
}

// syncDirectory brings new names to the disk, where the system can.
func syncDirectory(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	_ = d.Sync() // Windows cannot
	return d.Close()
}
