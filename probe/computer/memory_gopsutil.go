//go:build !darwin

package computer

import (
	"github.com/shirou/gopsutil/v4/mem"

	"examlink/probe/equipment"
)

func memory() *equipment.Memory {
	m, err := mem.VirtualMemory()
	if err != nil {
		return nil
	}
	return bytesOf(m.Total)
}
