//go:build linux

package stage

import "examlink/probe/wire"

// ProbeSize is the size at the IP layer of a packet of the monitor stream, and
// of the peers' packets that are compared with it.
const ProbeSize = 92

// IsProbe reports whether a packet belongs to a monitor stream: it has the
// stream's size and is no QUIC packet of examlink's that happens to have it.
func IsProbe(packet []byte, size int) bool {
	const protocol, udp, header = 9, 17, 28
	if size != ProbeSize || len(packet) < header+1 {
		return false
	}
	quic := packet[protocol] == udp && (port(packet, 20) == ServerPort || port(packet, 22) == ServerPort) && !wire.IsProbe(packet[header:])
	return !quic
}

func port(packet []byte, at int) int { return int(packet[at])<<8 | int(packet[at+1]) }
