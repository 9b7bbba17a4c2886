// Package netenv asks this computer about its network: which interface and
// gateway it uses, whether that is Wi-Fi, how many bytes went through it, and
// who near and far still answers.
//
// It refuses to judge: it says what it found, and what it could not find out
// it leaves unknown. It needs no rights beyond a user's. Tried on Linux; for
// macOS and Windows it builds and has not been tried.
package netenv

import (
	"errors"
	"net/netip"
	"slices"
)

// Kind is what sort of link an interface is.
type Kind string

// The kinds.
const (
	Unknown Kind = "" // the system does not say
	Wired   Kind = "wired"
	WiFi    Kind = "wifi"
	Mobile  Kind = "mobile"
	VPN     Kind = "vpn"
)

// ErrNoRoute says that this computer has no way out: no interface that is up
// has a default route.
var ErrNoRoute = errors.New("host: no default route")

// ErrUnsupported says that this system is not known.
var ErrUnsupported = errors.New("host: not known on this system")

// State is what the computer says of the interface its default route leads
// through.
type State struct {
	Interface string
	Kind      Kind
	Addresses []netip.Addr // of the interface, sorted; link-local ones left out
	Gateway   netip.Addr   // zero where there is none, as in a tunnel, or it is not known
}

// Online says whether there is an address to send from.
func (s State) Online() bool { return s.Interface != "" && len(s.Addresses) > 0 }

// SameNetwork says whether two states are of the same place in the same
// network. Addresses of IPv6 that differ within their prefix do not count:
// systems change them by themselves.
func (s State) SameNetwork(o State) bool {
	return s.Interface == o.Interface && s.Gateway == o.Gateway && slices.Equal(places(s.Addresses), places(o.Addresses))
}

// places are the addresses as far as they say where a computer is.
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

// useful keeps the addresses packets can be sent from, sorted.
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
