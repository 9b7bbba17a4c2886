// Package netenv examines this computer's network environment: its interface and
// gateway, whether that is Wi-Fi, how many bytes it carried, and whether the gateway,
// the name service and the server answer.
// It does not judge: it reports its findings and leaves the rest unknown. It needs no
// rights beyond a user's. Tested on Linux; the code for macOS and Windows builds but
// is untested.
package netenv

import (
	"errors"
	"net/netip"
	"slices"
)

// Kind is the kind of link of an interface.
type Kind string

// The kinds.
const (
	Unknown Kind = "" // the system does not report it
	Wired   Kind = "wired"
	WiFi    Kind = "wifi"
	Mobile  Kind = "mobile"
	VPN     Kind = "vpn"
)

// ErrNoRoute means that no interface that is up has a default route.
var ErrNoRoute = errors.New("host: no default route")

// ErrUnsupported means that this system is not supported.
var ErrUnsupported = errors.New("host: not known on this system")

// State is the computer's report on the interface of its default route.
type State struct {
	Interface string
	Kind      Kind
	Addresses []netip.Addr // of the interface, sorted; link-local ones left out
	Gateway   netip.Addr   // zero if there is none, as in a tunnel, or if it is not known
}

// Online reports whether there is an address to send from.
func (s State) Online() bool { return s.Interface != "" && len(s.Addresses) > 0 }

// SameNetwork reports whether two states are of the same place in the same network.
// IPv6 addresses that differ within their prefix do not count: systems change them
// by themselves.
func (s State) SameNetwork(o State) bool {
	return s.Interface == o.Interface && s.Gateway == o.Gateway && slices.Equal(places(s.Addresses), places(o.Addresses))
}

// places returns the addresses reduced to the part that identifies a network.
func places(addresses []netip.Addr) (out []netip.Prefix) {
	for _, a := range addresses {
		bits := 32
		if a.Is6() {
			bits = 64
		}
		if p, err := a.Prefix(bits); err == nil {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b netip.Prefix) int { return a.Addr().Compare(b.Addr()) })
	return slices.Compact(out)
}

// useful returns the addresses that packets can be sent from, sorted.
func useful(addresses []netip.Addr) (out []netip.Addr) {
	for _, a := range addresses {
		a = a.Unmap().WithZone("")
		if a.IsValid() && !a.IsUnspecified() && !a.IsLoopback() && !a.IsLinkLocalUnicast() && !a.IsMulticast() {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return slices.Compact(out)
}
