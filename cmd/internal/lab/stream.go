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
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"examlink/cmd/internal/lab/stage"
	"examlink/probe/ippm"
	"examlink/probe/netsim"
)

// A stream of the student's own, as an exam's video is: frames of a few packets
// each way, sent by one process on each host, with times that both read from
// the one clock of this computer.
const (
	streamCommand = "stream"
	streamPort    = 9000
	streamFrame   = 40 * time.Millisecond
	streamPacket  = 1000 // bytes of UDP payload at most
	streamHeader  = 16   // sequence number and time of sending
	ipHeaders     = 28
	streamStart   = time.Second     // until the other end is there, too
	streamDrain   = 2 * time.Second // until what is on its way has arrived
)

// Chosen by us.
const (
	streamDown, streamUp = 700e3, 400e3 // bit/s at the IP layer
	streamLinkDown       = 0.9          // Mbit/s
	streamLinkUp         = 0.5
	streamLasting        = 3 * time.Minute
)

// streamReport is what one end of a stream prints.
type streamReport struct {
	Sent     int                  `json:"sent"`
	Received int                  `json:"received"`
	Delay    *netsim.Distribution `json:"one_way_delay"` // of what it received, seconds
}

// stream is the process of one end: its address, the other's, bit/s, how long.
func stream(args []string, out io.Writer) error {
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
	var r streamReport
	var delays []time.Duration
	done := make(chan struct{})
	go func() { // ends with the deadline
		defer close(done)
		buf := make([]byte, 2048)
		for {
			n, _, err := c.ReadFromUDP(buf)
			if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, net.ErrClosed) {
				return
			}
			if err == nil && n >= streamHeader { // an error is the other end that is not there yet
				r.Received++
				delays = append(delays, machineTime()-time.Duration(binary.BigEndian.Uint64(buf[8:])))
			}
		}
	}()
	time.Sleep(streamStart)
	_ = c.SetReadDeadline(time.Now().Add(lasting + streamDrain))
	for began, sent := time.Now(), 0.0; time.Since(began) < lasting; time.Sleep(streamFrame - time.Since(began)%streamFrame) {
		for due := rate / 8 * time.Since(began).Seconds(); sent < due; {
			b := make([]byte, streamPacket)
			binary.BigEndian.PutUint64(b, uint64(r.Sent))
			binary.BigEndian.PutUint64(b[8:], uint64(machineTime()))
			if _, err := c.WriteToUDP(b, remote); err == nil {
				r.Sent++
			}
			sent += streamPacket + ipHeaders
		}
	}
	<-done
	r.Delay = netsim.NewDistribution(delays)
	return json.NewEncoder(out).Encode(r)
}

// machineTime is the same clock in every namespace of this computer.
func machineTime() time.Duration {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts)
	return time.Duration(ts.Nano())
}

// streamRun is one stream, alone or beside a watch.
type streamRun struct {
	down, up streamReport // by who received
	lostDown int
	lostUp   int
	waits    []time.Duration // longest wait in the queues, of each half second
	record   stage.WatchRecord
}

// stream runs a stream of the student's own on a link that it nearly fills,
// with and without a watch beside it.
func (b *lab) stream(o options) error {
	fmt.Printf("a stream of %g/%g Mbit/s on a link of %g/%g Mbit/s\n", streamDown/1e6, streamUp/1e6, streamLinkDown, streamLinkUp)
	const row = "%-14s %-5s %6s %6s %9s %9s %9s %9s  %12s %12s  %s\n"
	fmt.Printf(row, "", "", "sent", "lost", "median", "p95", "p99", "max, ms", "queue p99", "queue max", "warnings")
	for run := range o.runs {
		for _, watched := range []bool{false, true} {
			r, err := b.streamRun(run*2+1, watched)
			if err != nil {
				return err
			}
			name := "alone"
			if watched {
				name = "with examlink"
			}
			said := "-"
			if watched {
				said = fmt.Sprint(len(r.record.Warnings))
				for _, w := range r.record.Warnings {
					said += " " + string(w.Kind)
				}
			}
			slices.Sort(r.waits)
			for _, d := range []struct {
				name       string
				sent, lost int
				delay      *netsim.Distribution
			}{{"down", r.up.Sent, r.lostDown, r.down.Delay}, {"up", r.down.Sent, r.lostUp, r.up.Delay}} {
				x := of(d.delay)
				fmt.Printf(row, name, d.name, strconv.Itoa(d.sent), strconv.Itoa(d.lost), millis(x.Median), millis(x.P95), millis(x.P99), millis(x.Max),
					millis(r.waits[len(r.waits)*99/100].Seconds()), millis(r.waits[len(r.waits)-1].Seconds()), said)
			}
		}
	}
	fmt.Println()
	return nil
}

// streamRun runs a stream once.
func (b *lab) streamRun(n int, watched bool) (r streamRun, err error) {
	up, down := examLink()
	up.Rate, down.Rate = ippm.Rate(streamLinkUp*1e6), ippm.Rate(streamLinkDown*1e6)
	up.Jitter, down.Jitter = 0, 0
	t, err := stage.NewTestbed(b.ctx, b.programs, n, up, down)
	if err != nil {
		return r, err
	}
	defer t.Close()
	defer os.RemoveAll(t.Dir)
	if watched {
		if err := t.StartClient(stage.Client); err != nil {
			return r, err
		}
		if err := t.Sleep(examConnect); err != nil {
			return r, err
		}
	}
	stop := t.SampleQueues()
	err = r.streams(b, t)
	stop()
	if err != nil {
		return r, err
	}
	for _, w := range t.QueueWaits() {
		r.waits = append(r.waits, max(w.Up, w.Down))
	}
	if watched {
		if _, err := t.StopClient(); err != nil {
			return r, err
		}
		if r.record, err = t.Record(); err != nil {
			return r, err
		}
	}
	return r, nil
}

// streams runs both ends.
func (r *streamRun) streams(b *lab, t *stage.Testbed) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	var ends sync.WaitGroup
	var errs [2]error
	for i, e := range []struct {
		ns       stage.Namespace
		from, to string
		rate     float64
		report   *streamReport
	}{{t.Student, stage.StudentAddress, stage.FarAddress, streamUp, &r.down}, {t.Far, stage.FarAddress, stage.StudentAddress, streamDown, &r.up}} {
		ends.Go(func() {
			out, err := b.outputFor(streamLasting+toolTimeout, e.ns, self, streamCommand, e.from, e.to, fmt.Sprint(e.rate), streamLasting.String())
			if err == nil {
				err = json.Unmarshal(out, e.report)
			}
			errs[i] = err
		})
	}
	ends.Wait()
	r.lostDown, r.lostUp = r.up.Sent-r.down.Received, r.down.Sent-r.up.Received
	return errors.Join(errs[:]...)
}
