package link

import (
	"encoding/binary"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// batchWrites says that the system sends several packets with one call.
const batchWrites = true

// enableReceiveStamps asks the kernel to stamp packets as they arrive. Without
// it the stamp is taken when the process gets to read.
func enableReceiveStamps(c *net.UDPConn) {
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	})
}

// receiveStamp finds the kernel's stamp among a packet's control messages.
func receiveStamp(oob []byte) (time.Time, bool) {
	for len(oob) > 0 {
		h, body, rest, err := unix.ParseOneSocketControlMessage(oob)
		if err != nil {
			return time.Time{}, false
		}
		if h.Level == unix.SOL_SOCKET && h.Type == unix.SCM_TIMESTAMPNS && len(body) >= 16 {
			sec := int64(binary.NativeEndian.Uint64(body))
			nsec := int64(binary.NativeEndian.Uint64(body[8:]))
			return time.Unix(sec, nsec), true
		}
		oob = rest
	}
	return time.Time{}, false
}
