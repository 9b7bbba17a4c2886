package link_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"examlink/probe/link"
)

// The families take turns (RFC 8305, section 4), and RFC 6724 decides which goes first.
func TestOrder(t *testing.T) {
	for name, c := range map[string]struct {
		addrs string // of either family, in the resolver's order
		from  string // source addresses of the system, in the same order; -: none
		want  string
	}{
		"IPv6 first":                     {"192.0.2.1 2001:db8::1", "198.51.100.7 2001:db8::7", "2001:db8::1 192.0.2.1"},
		"private IPv4":                   {"192.0.2.1 2001:db8::1", "192.168.1.7 2001:db8::7", "2001:db8::1 192.0.2.1"},
		"no way by IPv6":                 {"2001:db8::1 192.0.2.1", "- 192.168.1.7", "192.0.2.1 2001:db8::1"},
		"no way by IPv4":                 {"192.0.2.1 2001:db8::1", "- 2001:db8::7", "2001:db8::1 192.0.2.1"},
		"no way at all":                  {"192.0.2.1 2001:db8::1", "- -", "2001:db8::1 192.0.2.1"},
		"unique local source":            {"2001:db8::1 192.0.2.1", "fd00::7 192.168.1.7", "192.0.2.1 2001:db8::1"},
		"link-local source":              {"2001:db8::1 192.0.2.1", "fe80::7 192.168.1.7", "192.0.2.1 2001:db8::1"},
		"unique local at both ends":      {"fd00::1 192.0.2.1", "fd00::7 192.168.1.7", "192.0.2.1 fd00::1"},
		"6to4":                           {"2002:c000:201::1 192.0.2.1", "2002:c000:207::7 198.51.100.7", "192.0.2.1 2002:c000:201::1"},
		"Teredo":                         {"2001::1 192.0.2.1", "2001::7 198.51.100.7", "192.0.2.1 2001::1"},
		"loopback":                       {"127.0.0.1 ::1", "127.0.0.1 ::1", "::1 127.0.0.1"},
		"several":                        {"192.0.2.1 192.0.2.2 192.0.2.3 2001:db8::1 2001:db8::2", "1.1.1.1 1.1.1.1 1.1.1.1 2001:db8::7 2001:db8::7", "2001:db8::1 192.0.2.1 2001:db8::2 192.0.2.2 192.0.2.3"},
		"several, but no way by IPv6":    {"192.0.2.1 192.0.2.2 2001:db8::1 2001:db8::2", "1.1.1.1 1.1.1.1 - -", "192.0.2.1 2001:db8::1 192.0.2.2 2001:db8::2"},
		"one family, the same one twice": {"192.0.2.2 192.0.2.1 192.0.2.2", "1.1.1.1 1.1.1.1 1.1.1.1", "192.0.2.2 192.0.2.1"},
	} {
		parse := func(s string) (out []netip.Addr) {
			for _, a := range strings.Fields(s) {
				x, _ := netip.ParseAddr(a)
				out = append(out, x)
			}
			return out
		}
		addrs, sources := parse(c.addrs), parse(c.from)
		from := map[netip.Addr]netip.Addr{}
		for i, a := range addrs {
			from[a] = sources[i]
		}
		if got := link.Order(addrs, from); !slices.Equal(got, parse(c.want)) {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
}
