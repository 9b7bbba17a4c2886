package computer

import (
	"strings"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"

	"examlink/probe/equipment"
)

// Keys of the registry, all readable by every user.
const (
	editionKey = `SOFTWARE\Microsoft\Windows NT\CurrentVersion`
	policyKey  = `SYSTEM\CurrentControlSet\Control\CI\Policy`
	biosKey    = `HARDWARE\DESCRIPTION\System\BIOS`
	pciKey     = `SYSTEM\CurrentControlSet\Enum\PCI`
	guestKey   = `SOFTWARE\Microsoft\Virtual Machine\Guest\Parameters` // written by Hyper-V in its guests
)

func system() equipment.System {
	v := windows.RtlGetVersion()
	s := equipment.System{
		Name:    equipment.Windows,
		Version: equipment.WindowsVersion(int(v.MajorVersion), int(v.MinorVersion), int(v.BuildNumber)),
	}
	edition, ok := text(editionKey, "EditionID")
	if required, there := number(policyKey, "SkuPolicyRequired"); ok || there {
		mode := sMode(edition, required)
		s.SMode = &mode
	}
	return s
}

func tablet() *bool {
	n, ok := number(biosKey, "EnclosureType")
	if !ok {
		return nil
	}
	return chassisTablet(int(n))
}

// virtualMachine has no sign of the processor: Windows' own security features run it on
// a hypervisor on many computers.
func virtualMachine() *equipment.VirtualMachine {
	var l look
	var names []string
	for _, value := range []string{"SystemManufacturer", "SystemProductName", "BIOSVendor", "BaseBoardManufacturer"} {
		if s, ok := text(biosKey, value); ok {
			names = append(names, s)
		}
	}
	if len(names) > 0 {
		l.source(equipment.Firmware, firmwareSign(names...))
	}
	ids, err := subkeys(pciKey)
	guest := err == nil && exists(guestKey)
	if err == nil {
		l.source(equipment.Devices, windowsDevices(ids, guest))
	}
	return l.result()
}

func open(path string, access uint32) (registry.Key, error) {
	return registry.OpenKey(registry.LOCAL_MACHINE, path, access)
}

func exists(path string) bool {
	k, err := open(path, registry.QUERY_VALUE)
	if err == nil {
		_ = k.Close()
	}
	return err == nil
}

func text(path, value string) (string, bool) {
	k, err := open(path, registry.QUERY_VALUE)
	if err != nil {
		return "", false
	}
	defer k.Close()
	s, _, err := k.GetStringValue(value)
	return strings.TrimSpace(s), err == nil
}

func number(path, value string) (uint64, bool) {
	k, err := open(path, registry.QUERY_VALUE)
	if err != nil {
		return 0, false
	}
	defer k.Close()
	n, _, err := k.GetIntegerValue(value)
	return n, err == nil
}

func subkeys(path string) ([]string, error) {
	k, err := open(path, registry.ENUMERATE_SUB_KEYS)
	if err != nil {
		return nil, err
	}
	defer k.Close()
	return k.ReadSubKeyNames(-1)
}
