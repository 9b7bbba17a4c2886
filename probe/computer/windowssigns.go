package computer

import (
	"regexp"
	"strings"
)

// sMode reports whether Windows is in S mode, by its edition and by the value
// SkuPolicyRequired, which Microsoft documents (Microsoft-Windows-CodeIntegrity). Before
// version 1803, Windows 10 S was an edition of its own, Cloud or CloudN.
func sMode(edition string, skuPolicyRequired uint64) bool {
	return skuPolicyRequired == 1 || edition == "Cloud" || edition == "CloudN"
}

var pciVendor = regexp.MustCompile(`(?i)^VEN_([0-9A-F]{4})&`)

// windowsDevices looks for a hypervisor's devices among the keys of PCI devices, such as
// VEN_15AD&DEV_0405&SUBSYS_..., and for what Hyper-V writes in its guests.
func windowsDevices(ids []string, hyperV bool) string {
	if hyperV {
		return "Hyper-V passes data to this system as to a guest"
	}
	for _, id := range ids {
		if m := pciVendor.FindStringSubmatch(id); m != nil {
			if maker := virtualVendors[strings.ToLower(m[1])]; maker != "" {
				return "there are devices of " + maker
			}
		}
	}
	return ""
}
