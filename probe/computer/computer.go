// Package computer reads what an exam's requirements ask about this computer: its
// operating system, memory, whether it is a tablet, and signs of a virtual machine.
//
// It judges nothing, see probe/equipment, and keeps and sends nothing. It reads names of
// makers and models, versions and amounts; never serial numbers, names of users or
// addresses. It runs no other program. What it cannot read is absent.
package computer

import (
	"runtime"

	"examlink/probe/equipment"
)

// Read reads this computer once. It takes a few milliseconds.
func Read() equipment.Facts {
	s := system()
	if s.Architecture == "" {
		s.Architecture = runtime.GOARCH
	}
	return equipment.Facts{
		Schema: equipment.FactsSchema, By: equipment.ByProgram,
		System: &s, Memory: memory(), Tablet: tablet(), VirtualMachine: virtualMachine(),
	}
}

// bytesOf returns an amount of memory; 0 is not known.
func bytesOf(total uint64) *equipment.Memory {
	if n := int64(total); n > 0 {
		return &equipment.Memory{Bytes: &n}
	}
	return nil
}
