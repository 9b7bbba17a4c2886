package main

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

// The emulator is a process of its own, so that all threads of it can have
// real-time priority (a Go runtime hands work from one to another) and the
// tools that the lab starts cannot inherit it. Each measurement has a new one:
// it never collects garbage, because the collector's workers, which spin in
// user space until the others are done, would keep these for ever from a CPU
// that real-time priority does not share.
const (
	emulateCommand = "emulate"
	priority       = 50                     // of SCHED_FIFO, 1 to 99
	runaway        = 500 * time.Millisecond // without sleep, after which the kernel ends the emulator: nothing else would run
	threads        = 8                      // that run Go at once: the loops never wait for one
	upTUN, downTUN = 3, 4                   // descriptors handed down
)

// request asks the emulator for a new link, if Set, or for the link to go on
// with other parameters, if Change; and for the truth so far.
type request struct {
	Set, Change bool
	Up, Down    netsim.Params
	Seed        uint64
	Standing    time.Duration // of others' packets, which always wait in both queues; needs a rate
	Brief       bool          // without each probe: for who asks often, since no garbage is collected
}

// state is its answer.
type state struct {
	Up, Down truth
	Realtime string // why the threads have no real-time priority; empty: they have
}

// emulate is the emulator's process: it answers requests until they end.
func emulate(r io.Reader, w io.Writer) error {
	signal.Ignore(os.Interrupt) // the lab ends it
	debug.SetGCPercent(-1)
	runtime.GOMAXPROCS(threads)
	for _, fd := range []int{upTUN, downTUN} {
		if err := unix.SetNonblock(fd, true); err != nil {
			return fmt.Errorf("TUN device: %w", err)
		}
	}
	refused := realtime()
	up, down := &direction{from: upTUN, to: downTUN}, &direction{from: downTUN, to: upTUN}
	up.set(netsim.Params{}, 1)
	down.set(netsim.Params{}, 2)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	defer wg.Wait()
	defer close(stop)
	for _, d := range []*direction{up, down} {
		wg.Go(func() { d.run(stop) })
	}
	requests, answers := gob.NewDecoder(r), gob.NewEncoder(w)
	for {
		var q request
		if err := requests.Decode(&q); errors.Is(err, io.EOF) {
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
		s := state{Up: up.truth(q.Brief), Down: down.truth(q.Brief)}
		if refused != nil {
			s.Realtime = refused.Error()
		}
		if err := answers.Encode(s); err != nil {
			return fmt.Errorf("answer: %w", err)
		}
	}
}

// realtime gives this process's threads real-time priority. New ones inherit
// it from those that start them; so it goes on until it has met no new one.
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
