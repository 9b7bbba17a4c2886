//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly || windows)

package record

import "os"

// openLocked opens a record, made if it is not there; on this system nothing
// keeps a second process away.
func openLocked(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
}
