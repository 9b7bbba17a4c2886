//go:build linux

package stage

import (
	"fmt"
	"os"

	"examlink/cmd/internal/lab/emulator"
)

// Addresses of the two ends of the emulated link.
const (
	NearAddress = "10.78.0.2"
	FarAddress  = "10.78.0.1"
)

// Hosts are two network namespaces with an emulated link between them. Servers
// run on the far one: up is the direction from near to far.
type Hosts struct {
	*emulator.Emulator
	Near, Far Namespace
}

// NewHosts makes two hosts and a link that passes everything. n tells the hosts
// of one lab apart.
func NewHosts(n int) (*Hosts, error) {
	h := new(Hosts)
	if err := h.connect(n); err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

func (h *Hosts) connect(n int) (err error) {
	if h.Near, err = AddNamespace(fmt.Sprintf("lab-near-%d-%d", os.Getpid(), n)); err != nil {
		return err
	}
	if h.Far, err = AddNamespace(fmt.Sprintf("lab-far-%d-%d", os.Getpid(), n)); err != nil {
		return err
	}
	h.Emulator, err = emulator.New(
		emulator.Host{Namespace: string(h.Near), Address: NearAddress},
		emulator.Host{Namespace: string(h.Far), Address: FarAddress},
	)
	return err
}

// Close ends the emulator and removes the namespaces.
func (h *Hosts) Close() {
	if h.Emulator != nil {
		h.Emulator.Close()
	}
	h.Near.Remove()
	h.Far.Remove()
}
