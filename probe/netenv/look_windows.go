package netenv

import (
	"errors"
	"fmt"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Fixed by Windows: ipifcons.h.
const (
	typeEthernet  = 6
	typePPP       = 23
	typeVirtual   = 53
	typeIEEE80211 = 71
	typeTunnel    = 131
	typeWWANPP    = 243
	typeWWANPP2   = 244
)

const (
	adaptersBuffer = 16 << 10 // the system recommends 15 kB to begin with
	adaptersTries  = 3
)

// Look returns the state of the computer's default route. The error is ErrNoRoute if
// there is none.
func Look() (State, error) {
	list, err := adapters()
	if err != nil {
		return State{}, fmt.Errorf("host: %w", err)
	}
	var best *windows.IpAdapterAddresses
	for a := list; a != nil; a = a.Next {
		if a.OperStatus != windows.IfOperStatusUp || a.FirstGatewayAddress == nil && a.IfType != typePPP {
			continue
		}
		if best == nil || a.Ipv4Metric < best.Ipv4Metric {
			best = a
		}
	}
	if best == nil {
		return State{}, ErrNoRoute
	}
	s := State{Interface: windows.UTF16PtrToString(best.FriendlyName), Kind: kindOf(best.IfType)}
	if g := best.FirstGatewayAddress; g != nil {
		s.Gateway = address(g.Address)
	}
	var all []netip.Addr
	for u := best.FirstUnicastAddress; u != nil; u = u.Next {
		all = append(all, address(u.Address))
	}
	s.Addresses = useful(all)
	return s, nil
}

func address(a windows.SocketAddress) netip.Addr {
	ip, _ := netip.AddrFromSlice(a.IP())
	return ip.Unmap()
}

func kindOf(t uint32) Kind {
	switch t {
	case typeEthernet:
		return Wired
	case typeIEEE80211:
		return WiFi
	case typeWWANPP, typeWWANPP2:
		return Mobile
	case typeVirtual, typeTunnel:
		return VPN
	}
	return Unknown
}

func adapters() (*windows.IpAdapterAddresses, error) {
	size := uint32(adaptersBuffer)
	for range adaptersTries {
		b := make([]uint64, (size+7)/8) // aligned for the structures in it
		list := (*windows.IpAdapterAddresses)(unsafe.Pointer(&b[0]))
		const flags = windows.GAA_FLAG_INCLUDE_GATEWAYS | windows.GAA_FLAG_SKIP_ANYCAST | windows.GAA_FLAG_SKIP_MULTICAST | windows.GAA_FLAG_SKIP_DNS_SERVER
		err := windows.GetAdaptersAddresses(windows.AF_UNSPEC, flags, 0, list, &size)
		if err == nil {
			return list, nil
		}
		if !errors.Is(err, windows.ERROR_BUFFER_OVERFLOW) {
			return nil, err
		}
	}
	return nil, windows.ERROR_BUFFER_OVERFLOW
}

// missing is not known on this system.
func missing(netip.Addr) bool { return false }
