package netenv

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/net/route"
)

const (
	scopedRoute  = 0x1000000 // RTF_IFSCOPE: only for packets bound to the interface
	portsTimeout = 3 * time.Second
	networksetup = "/usr/sbin/networksetup"
	routeDest    = syscall.RTAX_DST
)

// Look returns the state of the computer's default route. The error is ErrNoRoute if
// there is none.
func Look() (State, error) {
	rib, err := route.FetchRIB(syscall.AF_UNSPEC, route.RIBTypeRoute, 0)
	if err != nil {
		return State{}, fmt.Errorf("host: %w", err)
	}
	messages, err := route.ParseRIB(route.RIBTypeRoute, rib)
	if err != nil {
		return State{}, fmt.Errorf("host: %w", err)
	}
	var six *route.RouteMessage
	for _, m := range messages {
		r, ok := m.(*route.RouteMessage)
		if !ok || r.Flags&syscall.RTF_UP == 0 || r.Flags&(scopedRoute|syscall.RTF_REJECT) != 0 || !isDefault(r) {
			continue
		}
		if _, ok := r.Addrs[routeDest].(*route.Inet4Addr); ok {
			return stateOf(r)
		}
		if six == nil {
			six = r
		}
	}
	if six != nil {
		return stateOf(six)
	}
	return State{}, ErrNoRoute
}

func isDefault(r *route.RouteMessage) bool {
	if len(r.Addrs) <= syscall.RTAX_NETMASK {
		return false
	}
	to, mask := address(r.Addrs[routeDest], ""), address(r.Addrs[syscall.RTAX_NETMASK], "")
	return to.IsValid() && to.IsUnspecified() && (!mask.IsValid() || mask.IsUnspecified())
}

func address(a route.Addr, zone string) netip.Addr {
	switch a := a.(type) {
	case *route.Inet4Addr:
		return netip.AddrFrom4(a.IP)
	case *route.Inet6Addr:
		ip := netip.AddrFrom16(a.IP)
		if ip.IsLinkLocalUnicast() {
			ip = ip.WithZone(zone)
		}
		return ip
	}
	return netip.Addr{}
}

func stateOf(r *route.RouteMessage) (State, error) {
	ifi, err := net.InterfaceByIndex(r.Index)
	if err != nil {
		return State{}, fmt.Errorf("host: %w", err)
	}
	s := State{Interface: ifi.Name, Kind: kindOf(ifi.Name)}
	if r.Flags&syscall.RTF_GATEWAY != 0 {
		s.Gateway = address(r.Addrs[syscall.RTAX_GATEWAY], ifi.Name)
	}
	if s.Addresses, err = addressesOf(ifi); err != nil {
		return State{}, fmt.Errorf("host: %w", err)
	}
	return s, nil
}

// ports maps devices to hardware ports. It queries once, because it takes a process.
var ports = sync.OnceValue(func() map[string]Kind {
	ctx, cancel := context.WithTimeout(context.Background(), portsTimeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, networksetup, "-listallhardwareports").Output()
	if err != nil {
		return nil
	}
	return parsePorts(out)
})

// parsePorts reads networksetup -listallhardwareports.
func parsePorts(out []byte) map[string]Kind {
	kinds := map[string]Kind{}
	port := ""
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		if v, ok := strings.CutPrefix(lines.Text(), "Hardware Port: "); ok {
			port = v
		}
		device, ok := strings.CutPrefix(lines.Text(), "Device: ")
		switch {
		case !ok:
		case port == "Wi-Fi" || port == "AirPort":
			kinds[device] = WiFi
		case strings.Contains(port, "Ethernet") || strings.Contains(port, "LAN"):
			kinds[device] = Wired
		case strings.Contains(port, "iPhone"):
			kinds[device] = Mobile
		}
	}
	return kinds
}

func kindOf(device string) Kind {
	for _, tunnel := range []string{"utun", "ipsec", "ppp", "tun", "tap"} {
		if strings.HasPrefix(device, tunnel) {
			return VPN
		}
	}
	return ports()[device]
}

// missing is not known on this system.
func missing(netip.Addr) bool { return false }
