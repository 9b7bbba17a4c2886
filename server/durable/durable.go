// Package durable writes small files that are there after a power loss.
package durable

import (
	"errors"
	"os"
	"path/filepath"
)

// WriteFile replaces a file, which only its owner can read. After a power loss it has
// the old content or the new one, and once WriteFile has returned, the new one.
func WriteFile(name string, data []byte) error {
	part := name + ".new"
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(part, name); err != nil {
		return err
	}
	SyncDir(filepath.Dir(name))
	return nil
}

// SyncDir makes sure that the names of a directory's files outlive a power loss, where
// the system can.
func SyncDir(dir string) {
	d, err := os.Open(dir)
	if err != nil {
		return
	}
	_ = d.Sync() // Windows cannot
	_ = d.Close()
}
