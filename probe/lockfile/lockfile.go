// Package lockfile opens files that only one process at a time may write. It
// knows nothing of their contents.
package lockfile

import "errors"

// ErrInUse means that another process has the file open.
var ErrInUse = errors.New("another examlink is writing it")
