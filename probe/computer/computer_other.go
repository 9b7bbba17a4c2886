//go:build !darwin && !linux && !windows

package computer

import (
	"runtime"

	"examlink/probe/equipment"
)

func system() equipment.System { return equipment.System{Name: runtime.GOOS} }

func tablet() *bool { return nil }

func virtualMachine() *equipment.VirtualMachine { return nil }
