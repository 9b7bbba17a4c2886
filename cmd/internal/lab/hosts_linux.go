package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"

	"examlink/cmd/internal/lab/emulator"
)

const (
	studentAddress = "10.78.0.2"
	farAddress     = "10.78.0.1"
)

// hosts are two network namespaces with an emulated link between them.
type hosts struct {
	*emulator.Emulator
	student, far string
}

// newHosts makes two hosts and the link. n tells the hosts of one lab apart.
func newHosts(n int) (h *hosts, err error) {
	id := os.Getpid()
	h = &hosts{student: fmt.Sprintf("lab-s%d-%d", id, n), far: fmt.Sprintf("lab-f%d-%d", id, n)}
	defer func() {
		if err != nil {
			h.close()
		}
	}()
	for _, ns := range []string{h.student, h.far} {
		if err := addHost(ns); err != nil {
			return h, err
		}
	}
	h.Emulator, err = emulator.New(emulator.Host{Namespace: h.student, Address: studentAddress}, emulator.Host{Namespace: h.far, Address: farAddress})
	return h, err
}

// close ends the emulator and removes the namespaces.
func (h *hosts) close() {
	if h.Emulator != nil {
		h.Close()
	}
	removeHost(h.student)
	removeHost(h.far)
}

// run runs one command line; its words hold no blanks.
func run(line string, args ...any) error {
	words := strings.Fields(fmt.Sprintf(line, args...))
	if out, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(words, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// addHost makes a namespace with a loopback.
func addHost(ns string) error {
	if err := run("ip netns add %s", ns); err != nil {
		return err
	}
	return run("ip -n %s link set lo up", ns)
}

func removeHost(ns string) { _ = run("ip netns del %s", ns) }
