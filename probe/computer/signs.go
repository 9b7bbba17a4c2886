package computer

import (
	"fmt"
	"strings"
	"unicode"

	"examlink/probe/equipment"
)

// look collects which sources of signs could be read, and what was found in them.
type look struct{ v equipment.VirtualMachine }

// source notes a source that could be read, and its sign; "": it has none.
func (l *look) source(e equipment.Evidence, sign string) {
	l.v.Looked = append(l.v.Looked, e)
	if sign != "" {
		l.v.Signs = append(l.v.Signs, equipment.Sign{Source: e, Found: sign})
	}
}

// result returns what was found; nil: nothing could be read.
func (l *look) result() *equipment.VirtualMachine {
	if len(l.v.Looked) == 0 {
		return nil
	}
	if l.v.Signs == nil {
		l.v.Signs = []equipment.Sign{}
	}
	return &l.v
}

// found returns a sign if it is there.
func found(there bool, sign string) string {
	if there {
		return sign
	}
	return ""
}

// virtualVendors are makers of PCI devices that exist in virtual machines only, by
// their vendor numbers (pci-ids.ucw.cz). Microsoft's is left out: it also has real
// devices.
var virtualVendors = map[string]string{
	"15ad": "VMware", "1ab8": "Parallels", "1af4": "virtio", "1b36": "QEMU", "5853": "Xen", "80ee": "VirtualBox",
}

// virtualNames are names of makers and models that the firmware of virtual machines
// gives, in small letters. One matches whole words.
var virtualNames = []string{
	"qemu", "bochs", "kvm", "vmware", "virtualbox", "innotek", "hvm domu", "parallels", "virtual machine",
	"bhyve", "amazon ec2", "google compute engine", "openstack", "crosvm", "cloud hypervisor",
}

// virtualModels begin the models that virtual Macs give.
var virtualModels = []string{"VirtualMac", "VMware", "Parallels"}

// firmwareSign looks for the names of a hypervisor among those of makers and models.
func firmwareSign(names ...string) string {
	for _, name := range names {
		words := " " + strings.Join(strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ") + " "
		for _, v := range virtualNames {
			if strings.Contains(words, " "+v+" ") {
				return fmt.Sprintf("the firmware names %q", name)
			}
		}
		for _, v := range virtualModels {
			if strings.HasPrefix(name, v) {
				return fmt.Sprintf("the firmware names %q", name)
			}
		}
	}
	return ""
}

// chassisTablet reads the type of a chassis (SMBIOS, section 7.4.1); nil: it says
// nothing.
func chassisTablet(kind int) *bool {
	const other, unknown, tablet = 1, 2, 30
	if kind <= unknown && kind >= other || kind <= 0 {
		return nil
	}
	is := kind == tablet
	return &is
}
