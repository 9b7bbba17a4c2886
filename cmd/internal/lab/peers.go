//go:build linux

package main

import (
	"os/exec"
	"time"

	"examlink/probe/netsim"
)

// have reports whether a program is installed.
func have(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}

// peerServers returns the command lines of the servers of the peers that are
// installed.
func peerServers(address string) (list [][]string) {
	if have("iperf3") {
		list = append(list, []string{"iperf3", "-s", "-B", address})
	}
	if have("irtt") {
		list = append(list, []string{"irtt", "server", "-b", address})
	}
	return list
}

// echoes is what irtt or ping reports of a stream of packets; nil: it reports
// no such figure.
type echoes struct {
	sent               int
	lostUp, lostDown   *int
	roundTrip          *netsim.Distribution
	ipdvUp, ipdvDown   *netsim.Distribution // absolute
	delayUp, delayDown []time.Duration      // one way; includes the difference between the two hosts' clocks
}
