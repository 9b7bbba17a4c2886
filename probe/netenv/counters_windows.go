package netenv

import (
	"net"

	"golang.org/x/sys/windows"
)

// Counters reads the byte counters of an interface. Not safe for concurrent use.
type Counters struct {
	device string
	row    windows.MibIfRow2
}

// NewCounters returns the counters of an interface. Close it.
func NewCounters(device string) *Counters { return &Counters{device: device} }

// Read returns the bytes received and sent since the interface came up, link headers
// included; ok is false if they are not known.
func (c *Counters) Read() (rx, tx uint64, ok bool) {
	index := c.row.InterfaceIndex
	if index == 0 {
		ifi, err := net.InterfaceByName(c.device)
		if err != nil {
			return 0, 0, false
		}
		index = uint32(ifi.Index)
	}
	c.row = windows.MibIfRow2{InterfaceIndex: index}
	if err := windows.GetIfEntry2Ex(windows.MibIfEntryNormal, &c.row); err != nil {
		c.row.InterfaceIndex = 0
		return 0, 0, false
	}
	return c.row.InOctets, c.row.OutOctets, true
}

// Close frees the counters' resources.
func (c *Counters) Close() {}
