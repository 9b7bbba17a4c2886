//go:build !linux && !darwin

package link

import "net"

// limitUnsent does nothing here: the system decides how much it buffers.
func limitUnsent(*net.TCPConn) {}
