//go:build linux || darwin

package link

import (
	"net"

	"golang.org/x/sys/unix"
)

// unsentMost is how many unsent bytes TCP may hold. More would be a queue that the
// packets' stamps cannot see past; bytes in flight do not count, so the rate is not
// bounded.
const unsentMost = 16 << 10

// limitUnsent makes a connection's writes wait rather than grow a queue in the system.
func limitUnsent(c *net.TCPConn) {
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, unsentMost)
	})
}
