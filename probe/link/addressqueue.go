package link

import (
	"net"
	"net/netip"
)

// way is an address and the source address that the system would use to reach it.
type way struct {
	to   netip.Addr
	from netip.Addr // zero: the system has no route there
}

// policy is a row of RFC 6724's default policy table, section 2.1.
type policy struct {
	prefix            netip.Prefix
	precedence, label int
}

// policies are sorted by prefix length, the longest first.
var policies = []policy{
	{netip.MustParsePrefix("::1/128"), 50, 0},
	{netip.MustParsePrefix("::ffff:0:0/96"), 35, 4},
	{netip.MustParsePrefix("::/96"), 1, 3},
	{netip.MustParsePrefix("2001::/32"), 5, 5},
	{netip.MustParsePrefix("2002::/16"), 30, 2},
	{netip.MustParsePrefix("3ffe::/16"), 1, 12},
	{netip.MustParsePrefix("fec0::/10"), 1, 11},
	{netip.MustParsePrefix("fc00::/7"), 3, 13},
}

// policyOf returns the row that applies to an address.
func policyOf(a netip.Addr) policy {
	a = netip.AddrFrom16(a.As16()) // without a zone; IPv4 as ::ffff:0:0/96
	for _, p := range policies {
		if p.prefix.Contains(a) {
			return p
		}
	}
	return policy{precedence: 40, label: 1} // ::/0
}

// local reports whether an address reaches no further than its own link (RFC 6724,
// sections 3.1 and 3.2).
func local(a netip.Addr) bool { return a.IsLoopback() || a.IsLinkLocalUnicast() }

// prefers reports whether a goes before b, of the other family, by RFC 6724, section
// 6: rules 1, 2, 5, 6 and 8. The other rules compare data that the system does not
// provide, or addresses of one family, which a Resolver has sorted.
func (a way) prefers(b way) bool {
	if x, y := a.from.IsValid(), b.from.IsValid(); x != y {
		return x
	}
	if a.from.IsValid() {
		if x, y := local(a.to) == local(a.from), local(b.to) == local(b.from); x != y {
			return x
		}
		if x, y := policyOf(a.to).label == policyOf(a.from).label, policyOf(b.to).label == policyOf(b.from).label; x != y {
			return x
		}
	}
	if x, y := policyOf(a.to).precedence, policyOf(b.to).precedence; x != y {
		return x > y
	}
	if x, y := local(a.to), local(b.to); x != y {
		return x
	}
	return a.to.Is6()
}

// source returns the source address that the system would use to reach an address. It
// sends nothing.
func source(to netip.AddrPort) (netip.Addr, error) {
	c, err := net.DialUDP(family(to.Addr()), nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		return netip.Addr{}, err
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap(), nil
}

// family returns the name of the UDP network of an address's family.
func family(a netip.Addr) string {
	if a.Is4() {
		return "udp4"
	}
	return "udp6"
}

// addressQueue holds the addresses that have not been tried, in the order of RFC 8305,
// section 4: the families take turns, the preferred one first.
type addressQueue struct {
	way     func(netip.Addr) way
	waiting [2][]netip.Addr // IPv4, IPv6; each in order of preference
	seen    map[netip.Addr]bool
	begun   bool
	last    int // the family of the last address taken
}

// add appends each address once, behind those of its family.
func (l *addressQueue) add(addrs []netip.Addr) {
	if l.seen == nil {
		l.seen = map[netip.Addr]bool{}
	}
	for _, a := range addrs {
		if l.seen[a] {
			continue
		}
		l.seen[a] = true
		i := 0
		if a.Is6() {
			i = 1
		}
		l.waiting[i] = append(l.waiting[i], a)
	}
}

func (l *addressQueue) empty() bool { return len(l.waiting[0])+len(l.waiting[1]) == 0 }

// next removes and returns the next address; the queue must not be empty.
func (l *addressQueue) next() netip.Addr {
	i := 1 - l.last
	if !l.begun && len(l.waiting[0]) > 0 && len(l.waiting[1]) > 0 {
		i = 0
		if l.way(l.waiting[1][0]).prefers(l.way(l.waiting[0][0])) {
			i = 1
		}
	}
	if len(l.waiting[i]) == 0 {
		i = 1 - i
	}
	a := l.waiting[i][0]
	l.waiting[i] = l.waiting[i][1:]
	l.begun, l.last = true, i
	return a
}
