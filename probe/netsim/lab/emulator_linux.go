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
	student, far string // namespaces

	process *exec.Cmd
	out     *gob.Encoder
	in      *gob.Decoder
	hangUp  func() error
}

// newEmulator makes the namespaces, the devices and the link.
func newEmulator() (e *emulator, err error) {
	id := os.Getpid()
	e = &emulator{student: fmt.Sprintf("lab-s%d", id), far: fmt.Sprintf("lab-f%d", id)}
	defer func() {
		if err != nil {
			e.close()
		}
	}()
	self, err := os.Executable()
	if err != nil {
		return e, err
	}
	e.process = exec.Command(self, emulateCommand)
	e.process.Stderr = os.Stderr
	for _, host := range []struct{ ns, address string }{{e.student, studentAddress}, {e.far, farAddress}} {
		if err := addHost(host.ns); err != nil {
			return e, err
		}
		fd, err := addTUN(host.ns, host.address)
		if err != nil {
			return e, err
		}
		f := os.NewFile(uintptr(fd), host.ns)
		defer f.Close() // the emulator has its own
		e.process.ExtraFiles = append(e.process.ExtraFiles, f)
	}
	in, err := e.process.StdinPipe()
	if err != nil {
		return e, err
	}
	out, err := e.process.StdoutPipe()
	if err != nil {
		return e, err
	}
	if err := e.process.Start(); err != nil {
		return e, err
	}
	e.out, e.in, e.hangUp = gob.NewEncoder(in), gob.NewDecoder(out), in.Close
	return e, nil
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
	_, err := e.ask(request{Set: true, Up: up, Down: down, Seed: seed})
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
	if e.hangUp != nil {
		_ = e.hangUp()
		_ = e.process.Wait()
	}
	removeHost(e.student)
	removeHost(e.far)
}
