package netenv

import (
	"os"
	"path/filepath"
)

// Counters reads the byte counters of an interface. Not safe for concurrent use.
type Counters struct {
	names [2]string
	files [2]*os.File
	buf   [24]byte
}

// NewCounters returns the counters of an interface. Close it.
func NewCounters(device string) *Counters { return newCounters(sysClass, device) }

func newCounters(dir, device string) *Counters {
	c := &Counters{}
	for i, name := range []string{"rx_bytes", "tx_bytes"} {
		c.names[i] = filepath.Join(dir, device, "statistics", name)
	}
	return c
}

// Read returns the bytes received and sent since the interface came up, link headers
// included; ok is false if they are not known. It makes two system calls and no
// allocation, so it can be called every few milliseconds.
func (c *Counters) Read() (rx, tx uint64, ok bool) {
	var v [2]uint64
	for i := range c.files {
		if v[i], ok = c.read(i); !ok {
			c.Close() // the interface may come back
			return 0, 0, false
		}
	}
	return v[0], v[1], true
}

func (c *Counters) read(i int) (v uint64, ok bool) {
	if c.files[i] == nil {
		f, err := os.Open(c.names[i])
		if err != nil {
			return 0, false
		}
		c.files[i] = f
	}
	n, _ := c.files[i].ReadAt(c.buf[:], 0)
	for _, d := range c.buf[:n] {
		if d < '0' || d > '9' {
			break
		}
		v, ok = v*10+uint64(d-'0'), true
	}
	return v, ok
}

// Close frees the counters' resources; they can be read again.
func (c *Counters) Close() {
	for i, f := range c.files {
		if f != nil {
			_ = f.Close()
		}
		c.files[i] = nil
	}
}
