//go:build !linux

package link

import (
	"net"
	"time"
)

// batchWrites says that the system sends several packets with one call.
const batchWrites = false

// enableReceiveStamps does nothing: packets are stamped when the process reads
// them.
func enableReceiveStamps(*net.UDPConn) {}

func receiveStamp([]byte) (time.Time, bool) { return time.Time{}, false }
