package media

import (
	"fmt"
	"net/netip"
	"strings"

	"examlink/probe/wire"
)

// accepted checks that an offer has video only, and takes the browser's own addresses out of
// it: they are learned from its packets.
func accepted(offer string) (string, error) {
	if len(offer) > wire.MaxOffer {
		return "", fmt.Errorf("%w has %d bytes, expected at most %d", ErrOffer, len(offer), wire.MaxOffer)
	}
	var b strings.Builder
	media := 0
	for line := range strings.Lines(offer) {
		text := strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(text, "m="):
			media++
			if !strings.HasPrefix(text, "m=video ") || media > wire.MaxStreams {
				return "", fmt.Errorf("%w has %.40q, expected video, in at most %d streams", ErrOffer, text, wire.MaxStreams)
			}
		case strings.HasPrefix(text, "a=candidate:"), strings.HasPrefix(text, "a=remote-candidates:"), strings.HasPrefix(text, "a=end-of-candidates"):
			continue
		}
		b.WriteString(text + "\r\n")
	}
	if media == 0 {
		return "", fmt.Errorf("%w has no stream", ErrOffer)
	}
	return b.String(), nil
}

// preference of the first candidate of a host (RFC 8445, section 5.1.2).
const preference = 2130706431

// addressed puts the addresses at which browsers reach this server in the place of pion's.
func addressed(answer string, at []netip.AddrPort) string {
	var b strings.Builder
	put := false
	for line := range strings.Lines(answer) {
		text := strings.TrimRight(line, "\r\n")
		if !strings.HasPrefix(text, "a=candidate:") {
			b.WriteString(text + "\r\n")
			continue
		}
		for i, a := range at {
			if !put {
				fmt.Fprintf(&b, "a=candidate:%d 1 udp %d %s %d typ host\r\n", i+1, preference-i, a.Addr(), a.Port())
			}
		}
		put = true
	}
	return b.String()
}
