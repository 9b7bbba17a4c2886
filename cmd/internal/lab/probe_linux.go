package main

import "examlink/probe/wire"

// probeSize is the size at the IP layer of a packet of the monitor stream, and
// of irtt's and ping's packets as the lab calls them.
const probeSize = 92

// isProbe picks the packets of a monitor stream: those of its size, except
// examlink's QUIC packets that happen to have it.
func isProbe(b []byte, size int) bool {
	const protocol, udp, header = 9, 17, 28
	if size != probeSize || len(b) < header+1 {
		return false
	}
	quic := b[protocol] == udp && (port(b, 20) == serverPort || port(b, 22) == serverPort) && !wire.IsProbe(b[header:])
	return !quic
}

func port(b []byte, at int) int { return int(b[at])<<8 | int(b[at+1]) }
