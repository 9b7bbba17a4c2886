//go:build linux

package emulator

import (
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"examlink/probe/netsim"
)

// Command is the argument with which the emulator starts its own program again
// as a child.
//
// The child moves the packets. It is a process of its own so that all its
// threads can have real-time priority (a Go runtime moves work between threads)
// and the programs under test do not inherit that priority. Each measurement
// has a new child, which never collects garbage: the collector's workers spin
// in user space until all of them are done, and would keep one another forever
// from a CPU that real-time priority does not share.
const Command = "emulate"

// Chosen by us.
const (
	priority = 50                     // of SCHED_FIFO, 1 to 99
	runaway  = 500 * time.Millisecond // without sleep, after which the kernel ends the child: nothing else would run
	threads  = 8                      // that run Go at once: the loops never wait for one
)

// The TUN devices' descriptors in the child, after the three standard ones.
const nearTUN, farTUN = 3, 4

// request asks the child for a new link, if Set, or for other parameters, if
// Change; and always for the state.
type request struct {
	Set, Change bool
	Up, Down    netsim.Params
	Seed        uint64
	Standing    time.Duration // time's worth of cross traffic in both queues
	Brief       bool          // without the probes, for frequent requests: no garbage is collected
}

// Emulate is the child's main function: it answers requests until their end.
// Packets for which isProbe reports true are recorded one by one; it is called
// on both loops at once, with each packet from its IP header on.
func Emulate(requests io.Reader, answers io.Writer, isProbe func(packet []byte, size int) bool) error {
	signal.Ignore(os.Interrupt) // the parent ends it
	debug.SetGCPercent(-1)
	runtime.GOMAXPROCS(threads)
	for _, fd := range []int{nearTUN, farTUN} {
		if err := unix.SetNonblock(fd, true); err != nil {
			return fmt.Errorf("TUN device: %w", err)
		}
	}
	refused := realtime()
	up := &direction{from: nearTUN, to: farTUN, isProbe: isProbe}
	down := &direction{from: farTUN, to: nearTUN, isProbe: isProbe}
	up.set(netsim.Params{}, 1)
	down.set(netsim.Params{}, 2)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	defer wg.Wait()
	defer close(stop)
	for _, d := range []*direction{up, down} {
		wg.Go(func() { d.run(stop) })
	}
	in, out := gob.NewDecoder(requests), gob.NewEncoder(answers)
	for {
		var q request
		if err := in.Decode(&q); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read request: %w", err)
		}
		if q.Set {
			up.set(q.Up, q.Seed*2)
			down.set(q.Down, q.Seed*2+1)
		}
		if q.Change {
			up.change(q.Up, q.Standing)
			down.change(q.Down, q.Standing)
		}
		s := State{Up: up.truth(q.Brief), Down: down.truth(q.Brief)}
		if refused != nil {
			s.RealtimeRefused = refused.Error()
		}
		if err := out.Encode(s); err != nil {
			return fmt.Errorf("answer: %w", err)
		}
	}
}

// realtime gives this process's threads real-time priority. A new thread
// inherits it from the one that starts it, so realtime goes on until a pass
// finds no thread without it.
func realtime() error {
	limit := uint64(runaway.Microseconds())
	if err := unix.Setrlimit(unix.RLIMIT_RTTIME, &unix.Rlimit{Cur: limit, Max: limit}); err != nil {
		return fmt.Errorf("RLIMIT_RTTIME: %w", err)
	}
	done := map[int]bool{}
	for {
		tasks, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		fresh := false
		for _, t := range tasks {
			id, err := strconv.Atoi(t.Name())
			if err != nil || done[id] {
				continue
			}
			a := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Priority: priority}
			if err := unix.SchedSetAttr(id, &a, 0); err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("SCHED_FIFO: %w", err)
			}
			done[id], fresh = true, true
		}
		if !fresh {
			return nil
		}
	}
}
