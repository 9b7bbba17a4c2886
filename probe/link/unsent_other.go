//go:build !linux && !darwin

package link

import "net"

// limitUnsent can do nothing here: what the system holds is up to it.
func limitUnsent(*net.TCPConn) {}
