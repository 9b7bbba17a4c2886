package computer

import (
	"golang.org/x/sys/unix"

	"examlink/probe/equipment"
)

func system() equipment.System {
	version, _ := unix.Sysctl("kern.osproductversion") // since macOS 10.13.4
	return equipment.System{Name: equipment.MacOS, Version: version}
}

// memory asks the kernel itself: on macOS, gopsutil brings purego, which replaces the
// start of every thread of the program, the watch's included.
func memory() *equipment.Memory {
	n, err := unix.SysctlUint64("hw.memsize")
	if err != nil {
		return nil
	}
	return bytesOf(n)
}

// tablet is false: Apple's tablets run another system, where this program cannot.
func tablet() *bool { return new(bool) }

func virtualMachine() *equipment.VirtualMachine {
	var l look
	if n, err := unix.SysctlUint32("kern.hv_vmm_present"); err == nil {
		l.source(equipment.Processor, found(n != 0, "macOS says that a hypervisor runs it"))
	}
	if model, err := unix.Sysctl("hw.model"); err == nil {
		l.source(equipment.Firmware, firmwareSign(model))
	}
	return l.result()
}
