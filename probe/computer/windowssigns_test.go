package computer

import "testing"

func TestWindowsDevices(t *testing.T) {
	for want, ids := range map[string][]string{
		"":                                {"VEN_8086&DEV_A0EF&SUBSYS_00000000&REV_20", "VEN_1414&DEV_008E", "nonsense", "VEN_80"},
		"there are devices of VirtualBox": {"VEN_8086&DEV_1237", "VEN_80EE&DEV_CAFE&SUBSYS_00000000&REV_00"},
		"there are devices of VMware":     {"ven_15ad&dev_0405"},
		"there are devices of virtio":     {"VEN_1AF4&DEV_1041"},
		"there are devices of Parallels":  {"VEN_1AB8&DEV_4000"},
		"there are devices of Xen":        {"VEN_5853&DEV_0001"},
		"there are devices of QEMU":       {"VEN_1B36&DEV_0100"},
	} {
		if got := windowsDevices(ids, false); got != want {
			t.Errorf("%q: %q, want %q", ids, got, want)
		}
	}
	if windowsDevices(nil, true) == "" {
		t.Error("no sign of Hyper-V")
	}
}

func TestSMode(t *testing.T) {
	for _, c := range []struct {
		edition  string
		required uint64
		want     bool
	}{{"Core", 0, false}, {"Professional", 1, true}, {"Cloud", 0, true}, {"CloudN", 0, true}, {"", 0, false}} {
		if got := sMode(c.edition, c.required); got != c.want {
			t.Errorf("%q, %d: %v", c.edition, c.required, got)
		}
	}
}

// Names of real makers and models are no signs.
func TestFirmwareNames(t *testing.T) {
	for name, virtual := range map[string]bool{
		"LENOVO": false, "Microsoft Corporation": false, "Surface Pro 9": false, "Mac14,2": false, "MacBookPro18,3": false, "Xenon Inc.": false,
		"QEMU": true, "VMware7,1": true, "VMware Virtual Platform": true, "VirtualMac2,1": true, "Parallels17,1": true, "Parallels ARM Virtual Machine": true,
		"HVM domU": true, "VirtualBox": true, "Google Compute Engine": true, "KVM": true,
	} {
		if got := firmwareSign(name) != ""; got != virtual {
			t.Errorf("%s: %v", name, got)
		}
	}
}
