//go:build unix

package main

import (
	"io/fs"

	"golang.org/x/sys/unix"
)

// writable returns an error if this user may not read and change a file or directory.
func writable(name string) error {
	if err := unix.Access(name, unix.R_OK|unix.W_OK); err != nil {
		return &fs.PathError{Op: "read and write", Path: name, Err: err}
	}
	return nil
}
