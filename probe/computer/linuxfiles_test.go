package computer

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"examlink/probe/equipment"
)

func files(of map[string]string) fstest.MapFS {
	root := fstest.MapFS{}
	for name, text := range of {
		root[name] = &fstest.MapFile{Data: []byte(text + "\n")}
	}
	return root
}

const cpu = "processor\t: 0\nmodel name\t: A CPU\nflags\t\t: fpu vme msr"

func TestLinuxSigns(t *testing.T) {
	const dmi, pci = "sys/class/dmi/id/", "sys/bus/pci/devices/0000:00:0"
	for name, c := range map[string]struct {
		files  map[string]string
		looked string
		signs  []string // what each says, in part
	}{
		"a laptop": {map[string]string{
			"proc/cpuinfo": cpu, dmi + "sys_vendor": "LENOVO", dmi + "product_name": "20XW", dmi + "bios_vendor": "LENOVO", pci + "2.0/vendor": "0x8086",
		}, "processor firmware devices", nil},
		"a Surface": {map[string]string{
			"proc/cpuinfo": cpu, dmi + "sys_vendor": "Microsoft Corporation", dmi + "product_name": "Surface Laptop 5", pci + "2.0/vendor": "0x1414",
		}, "processor firmware devices", nil},
		"QEMU with KVM": {map[string]string{
			"proc/cpuinfo": cpu + " hypervisor lahf_lm", dmi + "sys_vendor": "QEMU", dmi + "product_name": "Standard PC (Q35 + ICH9, 2009)",
			pci + "1.0/vendor": "0x8086", pci + "2.0/vendor": "0x1af4",
		}, "processor firmware devices", []string{"processor says", `"QEMU"`, "devices of virtio"}},
		"VirtualBox": {map[string]string{
			"proc/cpuinfo": cpu + " hypervisor", dmi + "sys_vendor": "innotek GmbH", dmi + "product_name": "VirtualBox", pci + "2.0/vendor": "0x80ee",
		}, "processor firmware devices", []string{"processor", `"innotek GmbH"`, "VirtualBox"}},
		"Hyper-V": {map[string]string{
			"proc/cpuinfo": cpu + " hypervisor", dmi + "sys_vendor": "Microsoft Corporation", dmi + "product_name": "Virtual Machine", "sys/bus/vmbus/devices/1/class": "x",
		}, "processor firmware devices", []string{"processor", `"Virtual Machine"`, "Hyper-V"}},
		"VMware that hides the processor's flag": {map[string]string{
			"proc/cpuinfo": cpu, dmi + "sys_vendor": "VMware, Inc.", pci + "f.0/vendor": "0x15ad",
		}, "processor firmware devices", []string{`"VMware, Inc."`, "VMware"}},
		"the host of virtual machines with Xen": {map[string]string{
			"proc/cpuinfo": cpu + " hypervisor", dmi + "sys_vendor": "Dell Inc.", pci + "2.0/vendor": "0x10de",
		}, "processor firmware devices", []string{"processor"}},
		"WSL": {map[string]string{"proc/cpuinfo": cpu + " hypervisor", "sys/bus/vmbus/devices/1/class": "x"},
			"processor devices", []string{"processor", "Hyper-V"}},
		"an ARM board": {map[string]string{"proc/cpuinfo": "processor\t: 0\nFeatures\t: fp asimd"}, "", nil},
		"nothing":      {nil, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			v := linuxSigns(files(c.files))
			if v == nil {
				if c.looked != "" {
					t.Fatal("nothing was looked at")
				}
				return
			}
			var looked []string
			for _, e := range v.Looked {
				looked = append(looked, string(e))
			}
			if got := strings.Join(looked, " "); got != c.looked {
				t.Errorf("looked at %q, want %q", got, c.looked)
			}
			if len(v.Signs) != len(c.signs) {
				t.Fatalf("signs %+v, want %q", v.Signs, c.signs)
			}
			for i, s := range v.Signs {
				if !strings.Contains(s.Found, c.signs[i]) || !slices.Contains(v.Looked, s.Source) {
					t.Errorf("%+v, want %s", s, c.signs[i])
				}
			}
		})
	}
}

func TestLinuxSystem(t *testing.T) {
	const debian = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nID=debian"
	for name, c := range map[string]struct {
		files map[string]string
		want  equipment.System
	}{
		"Debian":      {map[string]string{"etc/os-release": debian}, equipment.System{Name: "linux", Version: "12", Title: "Debian GNU/Linux 12 (bookworm)"}},
		"elsewhere":   {map[string]string{"usr/lib/os-release": "PRETTY_NAME='NixOS 25.05'"}, equipment.System{Name: "linux", Title: "NixOS 25.05"}},
		"no file":     {nil, equipment.System{Name: "linux"}},
		"Ubuntu":      {map[string]string{"etc/lsb-release": "DISTRIB_ID=Ubuntu"}, equipment.System{Name: "linux"}},
		"ChromeOS":    {map[string]string{"etc/lsb-release": "CHROMEOS_RELEASE_NAME=Chrome OS"}, equipment.System{Name: "chromeos"}},
		"in Crostini": {map[string]string{"etc/os-release": debian, "opt/google/cros-containers/bin/x": ""}, equipment.System{Name: "chromeos", Title: "Debian GNU/Linux 12 (bookworm)"}},
	} {
		if s := linuxSystem(files(c.files)); s != c.want {
			t.Errorf("%s: %+v, want %+v", name, s, c.want)
		}
	}
}

func TestTablets(t *testing.T) {
	for text, want := range map[string]string{"30": "yes", "31": "no", "9": "no", "3": "no", "1": "", "2": "", "0": "", "": "", "x": ""} {
		got := ""
		if is := linuxTablet(files(map[string]string{"sys/class/dmi/id/chassis_type": text})); is != nil {
			got = map[bool]string{true: "yes", false: "no"}[*is]
		}
		if got != want {
			t.Errorf("chassis %q: %q, want %q", text, got, want)
		}
	}
}

// This computer can be read, whatever it is.
func TestRead(t *testing.T) {
	f := Read()
	if f.Schema != equipment.FactsSchema || f.By != equipment.ByProgram || f.System == nil || f.System.Name == "" || f.System.Architecture == "" {
		t.Errorf("%+v", f)
	}
	if f.Memory == nil || *f.Memory.Bytes < 64<<20 {
		t.Errorf("memory %+v", f.Memory)
	}
	if f.Webcam != nil || f.Microphone != nil || f.Browser != nil {
		t.Errorf("a program saw devices: %+v", f)
	}
}
