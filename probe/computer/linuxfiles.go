package computer

import (
	"bufio"
	"bytes"
	"io/fs"
	"strconv"
	"strings"

	"examlink/probe/equipment"
)

// linuxSystem reads the name of the distribution (os-release(5)), and tells ChromeOS,
// also from within its container for Linux programs.
func linuxSystem(root fs.FS) equipment.System {
	s := equipment.System{Name: equipment.Linux}
	for _, name := range []string{"etc/os-release", "usr/lib/os-release"} {
		b, err := fs.ReadFile(root, name)
		if err != nil {
			continue
		}
		values := assignments(b)
		s.Title, s.Version = values["PRETTY_NAME"], values["VERSION_ID"]
		break
	}
	lsb, _ := fs.ReadFile(root, "etc/lsb-release")
	if bytes.Contains(lsb, []byte("CHROMEOS_RELEASE_")) || there(root, "opt/google/cros-containers") || there(root, "dev/.cros_milestone") {
		return equipment.System{Name: equipment.ChromeOS, Title: s.Title}
	}
	return s
}

// assignments reads lines such as NAME="value".
func assignments(b []byte) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(string(b)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok {
			out[name] = strings.Trim(value, `"'`)
		}
	}
	return out
}

func there(root fs.FS, name string) bool {
	_, err := fs.Stat(root, name)
	return err == nil
}

// dmi reads a name that the firmware gives; "": none.
func dmi(root fs.FS, name string) string {
	b, _ := fs.ReadFile(root, "sys/class/dmi/id/"+name)
	return strings.TrimSpace(string(b))
}

func linuxTablet(root fs.FS) *bool {
	kind, err := strconv.Atoi(dmi(root, "chassis_type"))
	if err != nil {
		return nil
	}
	return chassisTablet(kind)
}

// linuxSigns looks for signs of a virtual machine in three sources.
func linuxSigns(root fs.FS) *equipment.VirtualMachine {
	var l look
	if hypervisor, known := linuxProcessor(root); known {
		l.source(equipment.Processor, found(hypervisor, "the processor says that a hypervisor runs it"))
	}
	var names []string
	for _, n := range []string{"sys_vendor", "product_name", "bios_vendor", "board_vendor"} {
		if s := dmi(root, n); s != "" {
			names = append(names, s)
		}
	}
	if len(names) > 0 {
		l.source(equipment.Firmware, firmwareSign(names...))
	}
	if sign, known := linuxDevices(root); known {
		l.source(equipment.Devices, sign)
	}
	return l.result()
}

// linuxProcessor reports whether the first processor has the flag that hypervisors set.
// Processors without such flags, as ARM's, are not known.
func linuxProcessor(root fs.FS) (hypervisor, known bool) {
	f, err := root.Open("proc/cpuinfo")
	if err != nil {
		return false, false
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ":")
		if strings.TrimSpace(name) == "flags" {
			return strings.Contains(" "+value+" ", " hypervisor "), true
		}
	}
	return false, false
}

// linuxDevices looks for devices of hypervisors.
func linuxDevices(root fs.FS) (sign string, known bool) {
	for _, bus := range []struct{ name, maker string }{{"vmbus", "Hyper-V"}, {"virtio", "virtio"}} {
		if devices, err := fs.ReadDir(root, "sys/bus/"+bus.name+"/devices"); err == nil && len(devices) > 0 {
			return "there are devices of " + bus.maker, true
		}
	}
	vendors, err := fs.Glob(root, "sys/bus/pci/devices/*/vendor")
	if err != nil {
		return "", false
	}
	for _, name := range vendors {
		b, err := fs.ReadFile(root, name)
		if err != nil {
			continue
		}
		known = true
		if maker := virtualVendors[strings.TrimPrefix(strings.TrimSpace(string(b)), "0x")]; maker != "" {
			return "there are devices of " + maker, true
		}
	}
	return "", known
}
