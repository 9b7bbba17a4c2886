//go:build linux

package emulator

import (
	"fmt"
	"os"

	"examlink/probe/netsim"
)

// ReadTrace reads a file in Mahimahi's format. Without a name it returns nil.
func ReadTrace(name string) (*netsim.Trace, error) {
	if name == "" {
		return nil, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	t, err := netsim.ParseTrace(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return t, nil
}
