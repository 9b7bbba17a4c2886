//go:build linux || darwin

package netenv

import (
	"net"
	"net/netip"
)

// addressesOf lists the addresses of an interface that is up and has a link: without
// a link, as after a cable was pulled, it keeps its addresses for a while.
func addressesOf(ifi *net.Interface) ([]netip.Addr, error) {
	if ifi.Flags&net.FlagUp == 0 || ifi.Flags&net.FlagRunning == 0 {
		return nil, nil
	}
	list, err := ifi.Addrs()
	if err != nil {
		return nil, err
	}
	var out []netip.Addr
	for _, a := range list {
		if p, ok := a.(*net.IPNet); ok {
			if ip, ok := netip.AddrFromSlice(p.IP); ok {
				out = append(out, ip)
			}
		}
	}
	return useful(out), nil
}
