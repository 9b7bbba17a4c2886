// Package lockfile opens files that one process alone may write at a time. It
// knows nothing of what is in them.
package lockfile

import "errors"

// ErrInUse says that another process has the file.
var ErrInUse = errors.New("another examlink is writing it")
