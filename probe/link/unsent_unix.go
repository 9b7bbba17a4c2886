//go:build linux || darwin

package link

import (
	"net"

	"golang.org/x/sys/unix"
)

// unsentMost is how many bytes TCP may hold that it has not sent yet. More
// would be a queue that the packets' stamps cannot see past; what is on its
// way counts apart, so that the rate is not bounded.
const unsentMost = 16 << 10

// limitUnsent has a connection's writes wait rather than grow a queue in the
// system.
func limitUnsent(c *net.TCPConn) {
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, unsentMost)
	})
}
