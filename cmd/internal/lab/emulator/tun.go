//go:build linux

package emulator

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// Device is the name of the TUN device in each of the two namespaces.
const Device = "lab0"

// addTUN makes a host's TUN device, gives it its address and returns its
// descriptor.
func addTUN(h Host) (int, error) {
	fd, err := openTUN(h.Namespace)
	if err != nil {
		return -1, err
	}
	for _, words := range [][]string{
		{"link", "set", Device, "mtu", "1500", "txqueuelen", "1000", "addrgenmode", "none"},
		{"link", "set", Device, "up"},
		{"addr", "add", h.Address + "/24", "dev", Device},
	} {
		if err := ip(h.Namespace, words...); err != nil {
			_ = unix.Close(fd)
			return -1, err
		}
	}
	return fd, nil
}

// ip runs ip(8) on a namespace.
func ip(namespace string, words ...string) error {
	words = append([]string{"-n", namespace}, words...)
	if out, err := exec.Command("ip", words...).CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(words, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// openTUN makes a TUN device inside a namespace.
func openTUN(namespace string) (int, error) {
	type result struct {
		fd  int
		err error
	}
	out := make(chan result)
	go func() { // on a thread of its own, which ends in the other namespace
		runtime.LockOSThread()
		fd, err := enterAndOpen(namespace)
		out <- result{fd, err}
	}()
	r := <-out
	return r.fd, r.err
}

// enterAndOpen moves this thread into a namespace and makes the device there.
func enterAndOpen(namespace string) (int, error) {
	f, err := os.Open(filepath.Join("/var/run/netns", namespace))
	if err != nil {
		return -1, err
	}
	defer f.Close()
	if err := unix.Setns(int(f.Fd()), unix.CLONE_NEWNET); err != nil {
		return -1, fmt.Errorf("enter namespace: %w", err)
	}
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open TUN: %w", err)
	}
	req, err := unix.NewIfreq(Device)
	if err != nil {
		return -1, err
	}
	req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, req); err != nil {
		return -1, fmt.Errorf("make TUN device: %w", err)
	}
	return fd, nil
}
