package netenv

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Sources in the kernel's file systems.
const (
	procNet  = "/proc/net"
	sysClass = "/sys/class/net"
)

// Fixed by the kernel: linux/route.h, linux/if_arp.h.
const (
	routeUp       = 0x1
	routeGateway  = 0x2
	routeReject   = 0x200
	arpComplete   = 0x2
	typeEther     = 1
	typePPP       = 512
	typeRawIP     = 519
	typeNone      = 65534 // tunnels
	noMetricLimit = 1<<32 - 1
)

// Look returns the state of the computer's default route. The error is ErrNoRoute if
// there is none.
func Look() (State, error) {
	r, ok := defaultRoute(procNet)
	if !ok {
		return State{}, ErrNoRoute
	}
	s := State{Interface: r.device, Gateway: r.gateway, Kind: kindOf(sysClass, r.device)}
	ifi, err := net.InterfaceByName(r.device)
	if err != nil {
		return State{}, fmt.Errorf("host: %w", err)
	}
	if s.Addresses, err = addressesOf(ifi); err != nil {
		return State{}, fmt.Errorf("host: %w", err)
	}
	return s, nil
}

type route struct {
	device  string
	gateway netip.Addr // zero: none
	metric  uint64
	half    bool // one of the two halves that a VPN lays over the default route
}

// better reports whether packets prefer r to o.
func (r route) better(o route) bool {
	if r.half != o.half {
		return r.half
	}
	return r.metric < o.metric
}

// defaultRoute reads the default route from the IPv4 tables or, if they have none, the
// IPv6 tables.
func defaultRoute(dir string) (best route, found bool) {
	for _, table := range []struct {
		file  string
		parse func([]string) (route, bool)
	}{{"route", parseRoute4}, {"ipv6_route", parseRoute6}} {
		f, err := os.Open(filepath.Join(dir, table.file))
		if err != nil {
			continue
		}
		lines := bufio.NewScanner(io.LimitReader(f, 1<<20))
		for lines.Scan() {
			if r, ok := table.parse(strings.Fields(lines.Text())); ok && (!found || r.better(best)) {
				best, found = r, true
			}
		}
		_ = f.Close()
		if found {
			return best, true
		}
	}
	return route{}, false
}

// parseRoute4 reads a line of /proc/net/route, if it is a default route. Addresses
// are in the byte order of the machine, which is little-endian on all supported
// systems.
func parseRoute4(f []string) (route, bool) {
	if len(f) < 8 {
		return route{}, false
	}
	address := func(s string) (netip.Addr, bool) {
		v, err := strconv.ParseUint(s, 16, 32)
		var b [4]byte
		binary.LittleEndian.PutUint32(b[:], uint32(v))
		return netip.AddrFrom4(b), err == nil
	}
	to, ok1 := address(f[1])
	via, ok2 := address(f[2])
	mask, ok3 := address(f[7])
	flags, err1 := strconv.ParseUint(f[3], 16, 32)
	metric, err2 := strconv.ParseUint(f[6], 10, 64)
	half := mask == netip.AddrFrom4([4]byte{128}) && (to.IsUnspecified() || to == netip.AddrFrom4([4]byte{128}))
	whole := to.IsUnspecified() && mask.IsUnspecified()
	if !ok1 || !ok2 || !ok3 || err1 != nil || err2 != nil || flags&routeUp == 0 || flags&routeReject != 0 || !half && !whole {
		return route{}, false
	}
	r := route{device: f[0], metric: metric, half: half}
	if flags&routeGateway != 0 {
		r.gateway = via
	}
	return r, true
}

// parseRoute6 reads a line of /proc/net/ipv6_route, if it is a default route.
func parseRoute6(f []string) (route, bool) {
	if len(f) < 10 || f[0] != strings.Repeat("0", 32) || f[1] != "00" && f[1] != "01" || f[9] == "lo" {
		return route{}, false
	}
	via, err := hex.DecodeString(f[4])
	metric, err1 := strconv.ParseUint(f[5], 16, 64)
	flags, err2 := strconv.ParseUint(f[8], 16, 64)
	if err != nil || err1 != nil || err2 != nil || len(via) != 16 || flags&routeUp == 0 || flags&routeReject != 0 || metric >= noMetricLimit {
		return route{}, false
	}
	r := route{device: f[9], metric: metric, half: f[1] == "01"}
	if a := netip.AddrFrom16([16]byte(via)); flags&routeGateway != 0 && !a.IsUnspecified() {
		r.gateway = a
		if a.IsLinkLocalUnicast() {
			r.gateway = a.WithZone(f[9])
		}
	}
	return r, true
}

// kindOf returns the kind of link of an interface. A software interface that is not
// known as a tunnel, such as a bridge, is unknown.
func kindOf(dir, device string) Kind {
	base := filepath.Join(dir, device)
	has := func(name string) bool { _, err := os.Stat(filepath.Join(base, name)); return err == nil }
	read := func(name string) string {
		b, _ := os.ReadFile(filepath.Join(base, name))
		return strings.TrimSpace(string(b))
	}
	devtype := ""
	for _, line := range strings.Split(read("uevent"), "\n") {
		if v, ok := strings.CutPrefix(line, "DEVTYPE="); ok {
			devtype = v
		}
	}
	hardware, _ := strconv.Atoi(read("type"))
	switch {
	case has("wireless"), has("phy80211"), devtype == "wlan":
		return WiFi
	case devtype == "wwan", hardware == typeRawIP:
		return Mobile
	case has("tun_flags"), devtype == "wireguard", hardware == typeNone:
		return VPN
	case hardware == typePPP: // a modem, a tunnel, or a line
		return Unknown
	case hardware == typeEther && has("device"):
		return Wired
	}
	return Unknown
}

// neighbour reports whether the kernel has the hardware address of a host on the local
// network, or has asked for it in vain. known is false if the kernel has no entry, as
// for IPv6.
func neighbour(dir string, a netip.Addr) (there, known bool) {
	b, err := os.ReadFile(filepath.Join(dir, "arp"))
	if err != nil {
		return false, false
	}
	for _, line := range strings.Split(string(b), "\n") {
		f := strings.Fields(line)
		if len(f) < 6 || f[0] != a.String() {
			continue
		}
		flags, err := strconv.ParseUint(strings.TrimPrefix(f[2], "0x"), 16, 32)
		return flags&arpComplete != 0, err == nil
	}
	return false, false
}

// missing reports whether the kernel has asked for the gateway's hardware address
// without an answer.
func missing(gateway netip.Addr) bool {
	there, known := neighbour(procNet, gateway)
	return known && !there
}
