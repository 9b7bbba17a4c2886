//go:build linux

package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"examlink/probe/netsim"
)

// streamCommand is the first argument with which the lab starts itself again as
// one end of a stream: two addresses, bit/s and a duration follow.
const streamCommand = "stream"

// Chosen by us.
const (
	streamPort   = 9000
	streamFrame  = 40 * time.Millisecond
	streamPacket = 1000            // bytes of UDP payload
	streamHeader = 16              // sequence number and send time
	streamStart  = time.Second     // until the other end has started, too
	streamDrain  = 2 * time.Second // until the last packets have arrived
)

// streamReport is what one end of a stream prints.
type streamReport struct {
	Sent     int                  `json:"sent"`
	Received int                  `json:"received"`
	Delay    *netsim.Distribution `json:"one_way_delay"` // of what it received, seconds
}

// runStreamEnd is the main function of one end. Its arguments are its address,
// the other end's, bit/s at the IP layer and a duration.
func runStreamEnd(args []string, out io.Writer) error {
	if len(args) != 4 {
		return errors.New("stream: expected an address, the other's, bit/s and a duration")
	}
	rate, err1 := strconv.ParseFloat(args[2], 64)
	lasting, err2 := time.ParseDuration(args[3])
	if err := errors.Join(err1, err2); err != nil {
		return fmt.Errorf("stream: %w", err)
	}
	local, err1 := net.ResolveUDPAddr("udp", fmt.Sprintf("%s:%d", args[0], streamPort))
	remote, err2 := net.ResolveUDPAddr("udp", fmt.Sprintf("%s:%d", args[1], streamPort))
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	c, err := net.ListenUDP("udp", local)
	if err != nil {
		return err
	}
	defer c.Close()
	received := make(chan []time.Duration)
	go func() { received <- receiveStream(c) }() // ends with the deadline
	time.Sleep(streamStart)
	_ = c.SetReadDeadline(time.Now().Add(lasting + streamDrain))
	sent := sendStream(c, remote, rate, lasting)
	delays := <-received
	return json.NewEncoder(out).Encode(streamReport{Sent: sent, Received: len(delays), Delay: netsim.NewDistribution(delays)})
}

// sendStream sends frames and returns the number of packets sent.
func sendStream(c *net.UDPConn, to *net.UDPAddr, rate float64, lasting time.Duration) (packets int) {
	for began, sent := time.Now(), 0.0; time.Since(began) < lasting; time.Sleep(streamFrame - time.Since(began)%streamFrame) {
		for due := rate / 8 * time.Since(began).Seconds(); sent < due; {
			b := make([]byte, streamPacket)
			binary.BigEndian.PutUint64(b, uint64(packets))
			binary.BigEndian.PutUint64(b[8:], uint64(machineTime()))
			if _, err := c.WriteToUDP(b, to); err == nil {
				packets++
			}
			sent += streamPacket + ipHeaders
		}
	}
	return packets
}

// receiveStream receives until the deadline and returns the one-way delays.
func receiveStream(c *net.UDPConn) (delays []time.Duration) {
	buf := make([]byte, 2048)
	for {
		n, _, err := c.ReadFromUDP(buf)
		if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, net.ErrClosed) {
			return delays
		}
		if err == nil && n >= streamHeader { // other errors say that the other end has not started yet
			delays = append(delays, machineTime()-time.Duration(binary.BigEndian.Uint64(buf[8:])))
		}
	}
}

// machineTime reads a clock that is the same in every namespace.
func machineTime() time.Duration {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts)
	return time.Duration(ts.Nano())
}
