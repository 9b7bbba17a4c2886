//go:build linux

package netenv

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"
)

func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const (
	routeHead = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
	six       = "00000000000000000000000000000000"
)

func TestDefaultRoute(t *testing.T) {
	for name, c := range map[string]struct {
		files           map[string]string
		device, gateway string
	}{
		"none": {nil, "", ""},
		"one": {map[string]string{"route": routeHead +
			"eth0\t0000A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\neth0\t00000000\t0100A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"}, "eth0", "192.168.0.1"},
		"cable before Wi-Fi": {map[string]string{"route": routeHead +
			"wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\neth0\t00000000\t0100A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"}, "eth0", "192.168.0.1"},
		"down or rejected": {map[string]string{"route": routeHead +
			"eth0\t00000000\t0100A8C0\t0002\t0\t0\t100\t00000000\t0\t0\t0\n*\t00000000\t00000000\t0200\t0\t0\t0\t00000000\t0\t0\t0\n"}, "", ""},
		"halves of a VPN": {map[string]string{"route": routeHead +
			"eth0\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\ntun0\t00000000\t00000000\t0001\t0\t0\t50\t00000080\t0\t0\t0\ntun0\t00000080\t00000000\t0001\t0\t0\t50\t00000080\t0\t0\t0\n"}, "tun0", ""},
		"IPv6 alone": {map[string]string{"route": routeHead, "ipv6_route": six + " 00 " + six + " 00 fe800000000000000000000000000001 00000064 00000001 00000000 00000003 eth0\n" +
			six + " 00 " + six + " 00 " + six + " ffffffff 00000001 00000000 00200200 lo\n"}, "eth0", "fe80::1%eth0"},
		"nonsense": {map[string]string{"route": "x\ny z\n\xff\n", "ipv6_route": six + " 00 zz\n"}, "", ""},
	} {
		r, found := defaultRoute(tree(t, c.files))
		want := netip.Addr{}
		if c.gateway != "" {
			want = netip.MustParseAddr(c.gateway)
		}
		if found != (c.device != "") || r.device != c.device || r.gateway != want {
			t.Errorf("%s: %+v, %v, want %s via %s", name, r, found, c.device, c.gateway)
		}
	}
}

func TestKindOf(t *testing.T) {
	dir := tree(t, map[string]string{
		"wlan0/wireless/x": "", "wlan0/type": "1\n", "wlan0/device/x": "",
		"wlp2s0/uevent": "DEVTYPE=wlan\nINTERFACE=wlp2s0\n", "wlp2s0/type": "1\n",
		"eth0/type": "1\n", "eth0/device/x": "",
		"br0/type": "1\n", "br0/uevent": "DEVTYPE=bridge\n",
		"wwan0/uevent": "DEVTYPE=wwan\n", "rmnet0/type": "519\n",
		"tun0/tun_flags": "0x1\n", "wg0/uevent": "DEVTYPE=wireguard\n", "ppp0/type": "512\n",
	})
	for device, want := range map[string]Kind{
		"wlan0": WiFi, "wlp2s0": WiFi, "eth0": Wired, "br0": Unknown, "wwan0": Mobile, "rmnet0": Mobile, "tun0": VPN, "wg0": VPN, "ppp0": Unknown, "gone": Unknown,
	} {
		if got := kindOf(dir, device); got != want {
			t.Errorf("%s: %q, want %q", device, got, want)
		}
	}
}

func TestNeighbour(t *testing.T) {
	dir := tree(t, map[string]string{"arp": "IP address       HW type     Flags       HW address            Mask     Device\n" +
		"192.168.0.1      0x1         0x2         02:00:00:00:00:01     *        eth0\n192.168.0.9      0x1         0x0         00:00:00:00:00:00     *        eth0\n"})
	for a, want := range map[string][2]bool{"192.168.0.1": {true, true}, "192.168.0.9": {false, true}, "192.168.0.2": {false, false}, "fe80::1": {false, false}} {
		if there, known := neighbour(dir, netip.MustParseAddr(a)); there != want[0] || known != want[1] {
			t.Errorf("%s: %v %v, want %v", a, there, known, want)
		}
	}
}

func TestCounters(t *testing.T) {
	dir := tree(t, map[string]string{"e/statistics/rx_bytes": "18446744073709551615\n", "e/statistics/tx_bytes": "7\n"})
	c := newCounters(dir, "e")
	defer c.Close()
	if rx, tx, ok := c.Read(); rx != 1<<64-1 || tx != 7 || !ok {
		t.Errorf("%d %d %v", rx, tx, ok)
	}
	if err := os.WriteFile(filepath.Join(dir, "e/statistics/tx_bytes"), []byte("123\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, tx, ok := c.Read(); tx != 123 || !ok {
		t.Errorf("read again: %d %v", tx, ok)
	}
	if _, _, ok := newCounters(dir, "gone").Read(); ok {
		t.Error("an interface that is not there is counted")
	}
}

// The real state of this computer must be consistent.
func TestLookHere(t *testing.T) {
	s, err := Look()
	if err != nil {
		t.Skip(err)
	}
	if s.Interface == "" {
		t.Errorf("%+v", s)
	}
	c := NewCounters(s.Interface)
	defer c.Close()
	if _, _, ok := c.Read(); !ok {
		t.Errorf("no counters of %s", s.Interface)
	}
}

func BenchmarkCounters(b *testing.B) {
	c := NewCounters("lo")
	defer c.Close()
	b.ReportAllocs()
	for b.Loop() {
		if _, _, ok := c.Read(); !ok {
			b.Skip("no counters")
		}
	}
}
