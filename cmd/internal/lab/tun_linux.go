package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

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

// addTUN makes a TUN device with an address in a namespace and returns its
// descriptor.
func addTUN(ns, address string) (int, error) {
	const name = "lab0"
	fd, err := openTUN(ns, name)
	if err != nil {
		return -1, err
	}
	for _, line := range []string{
		"ip -n %s link set %s mtu 1500 txqueuelen 1000 addrgenmode none", "ip -n %s link set %s up", "ip -n %s addr add " + address + "/24 dev %s",
	} {
		if err := run(line, ns, name); err != nil {
			_ = unix.Close(fd)
			return -1, err
		}
	}
	return fd, nil
}

// openTUN makes a TUN device inside a namespace.
func openTUN(ns, name string) (int, error) {
	type result struct {
		fd  int
		err error
	}
	out := make(chan result)
	go func() { // on a thread of its own, which dies in the other namespace
		runtime.LockOSThread()
		out <- func() result {
			f, err := os.Open(filepath.Join("/var/run/netns", ns))
			if err != nil {
				return result{-1, err}
			}
			defer f.Close()
			if err := unix.Setns(int(f.Fd()), unix.CLONE_NEWNET); err != nil {
				return result{-1, fmt.Errorf("enter namespace: %w", err)}
			}
			fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
			if err != nil {
				return result{-1, fmt.Errorf("open TUN: %w", err)}
			}
			req, err := unix.NewIfreq(name)
			if err != nil {
				return result{-1, err}
			}
			req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
			if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, req); err != nil {
				return result{-1, fmt.Errorf("make TUN device: %w", err)}
			}
			return result{fd, nil}
		}()
	}()
	r := <-out
	return r.fd, r.err
}
