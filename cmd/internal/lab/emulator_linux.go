package main

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"examlink/probe/netsim"
)

const (
	studentAddress = "10.78.0.2"
	farAddress     = "10.78.0.1"
)

// Chosen by us.
const (
	drainLimit = 5 * time.Second        // what packets on their way are waited for
	drainPoll  = 50 * time.Millisecond  // between two looks
	drainCalm  = 200 * time.Millisecond // without any, until the link counts as empty
)

// emulator is a link over TUN between two network namespaces: what one host
// sends comes out of the other after the link model has had its way with it.
type emulator struct {
	student, far string     // namespaces
	devices      []*os.File // TUN, in the order student, far

	process *exec.Cmd // of the measurement that goes on
	out     *gob.Encoder
	in      *gob.Decoder
	hangUp  func() error
}

// newEmulator makes the namespaces, the devices and a link that passes
// everything. n tells the emulators of one lab apart.
func newEmulator(n int) (e *emulator, err error) {
	id := os.Getpid()
	e = &emulator{student: fmt.Sprintf("lab-s%d-%d", id, n), far: fmt.Sprintf("lab-f%d-%d", id, n)}
	defer func() {
		if err != nil {
			e.close()
		}
	}()
	for _, host := range []struct{ ns, address string }{{e.student, studentAddress}, {e.far, farAddress}} {
		if err := addHost(host.ns); err != nil {
			return e, err
		}
		fd, err := addTUN(host.ns, host.address)
		if err != nil {
			return e, err
		}
		e.devices = append(e.devices, os.NewFile(uintptr(fd), host.ns))
	}
	return e, e.start()
}

// start starts the process that moves the packets.
func (e *emulator) start() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	p := exec.Command(self, emulateCommand)
	p.Stderr = os.Stderr
	p.ExtraFiles = e.devices
	in, err := p.StdinPipe()
	if err != nil {
		return err
	}
	out, err := p.StdoutPipe()
	if err != nil {
		return err
	}
	if err := p.Start(); err != nil {
		return err
	}
	e.process, e.out, e.in, e.hangUp = p, gob.NewEncoder(in), gob.NewDecoder(out), in.Close
	return nil
}

// end ends it.
func (e *emulator) end() error {
	if e.process == nil {
		return nil
	}
	_ = e.hangUp()
	err := e.process.Wait()
	e.process = nil
	if err != nil {
		return fmt.Errorf("emulator: %w", err)
	}
	return nil
}

func (e *emulator) ask(q request) (s state, err error) {
	if err := e.out.Encode(q); err != nil {
		return s, fmt.Errorf("emulator: %w", err)
	}
	if err := e.in.Decode(&s); err != nil {
		return s, fmt.Errorf("emulator: %w", err)
	}
	return s, nil
}

// set waits for the packets of whatever was before, then begins a new link in
// both directions, with counters of its own.
func (e *emulator) set(ctx context.Context, up, down netsim.Params, seed uint64) error {
	if _, err := e.drained(ctx); err != nil {
		return err
	}
	if err := e.end(); err != nil {
		return err
	}
	if err := e.start(); err != nil {
		return err
	}
	_, err := e.ask(request{Set: true, Up: up, Down: down, Seed: seed})
	return err
}

// change lets the link that is go on with other parameters, and keeps its
// counters. Others' packets always wait in both queues, for so long.
func (e *emulator) change(up, down netsim.Params, standing time.Duration) error {
	_, err := e.ask(request{Change: true, Up: up, Down: down, Standing: standing, Brief: true})
	return err
}

// drained returns the truth when no packet is on its way any more.
func (e *emulator) drained(ctx context.Context) (state, error) {
	var calm time.Duration
	for waited := time.Duration(0); ; waited += drainPoll {
		s, err := e.ask(request{})
		if err != nil || calm >= drainCalm {
			return s, err
		}
		if waited >= drainLimit {
			return s, errors.New("emulator: the tools did not stop sending")
		}
		calm += drainPoll
		if s.Up.Busy || s.Down.Busy {
			calm = 0
		}
		select {
		case <-time.After(drainPoll):
		case <-ctx.Done():
			return s, ctx.Err()
		}
	}
}

// close ends the emulator and removes what it made.
func (e *emulator) close() {
	_ = e.end()
	for _, f := range e.devices {
		_ = f.Close()
	}
	removeHost(e.student)
	removeHost(e.far)
}
