//go:build linux

// Package emulator puts a link between two network namespaces: packets that a
// host sends into its TUN device come out of the other host's device after the
// link model of probe/netsim has delayed, dropped or copied them. The package
// reports what the link really did with them, and how closely the emulator
// itself kept to the model.
//
// It does not know which programs send the packets. A function of the caller's
// picks the packets whose delivery is recorded one by one.
package emulator

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

// Chosen by us.
const (
	drainLimit = 5 * time.Second        // longest wait for the link to be empty
	drainPoll  = 50 * time.Millisecond  // between two looks
	drainCalm  = 200 * time.Millisecond // without packets, after which the link counts as empty
)

// Host is one end of the link.
type Host struct {
	Namespace string // must exist already
	Address   string // IPv4 address of its TUN device, in a /24 that both ends share
}

// Emulator is a link between two hosts. Up is the direction from near to far.
// It is not safe for concurrent use.
type Emulator struct {
	devices []*os.File // TUN, near and far

	child    *exec.Cmd // moves the packets; a new one for each measurement
	requests *gob.Encoder
	answers  *gob.Decoder
	hangUp   func() error // closes the child's standard input, which ends it
}

// New makes a TUN device in each namespace and a link that passes everything.
// The caller's program must call Emulate when its only argument is Command.
func New(near, far Host) (*Emulator, error) {
	e := new(Emulator)
	for _, h := range []Host{near, far} {
		fd, err := addTUN(h)
		if err != nil {
			e.Close()
			return nil, err
		}
		e.devices = append(e.devices, os.NewFile(uintptr(fd), h.Namespace))
	}
	if err := e.start(); err != nil {
		e.Close()
		return nil, err
	}
	return e, nil
}

// Close ends the emulator and removes its devices.
func (e *Emulator) Close() {
	_ = e.end()
	for _, f := range e.devices {
		_ = f.Close()
	}
}

// Set waits until the packets of the previous measurement have left, then
// begins a new link in both directions, with counters of its own.
func (e *Emulator) Set(ctx context.Context, up, down netsim.Params, seed uint64) error {
	if _, err := e.Drained(ctx); err != nil {
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

// Change gives the link other parameters and keeps its counters. Cross traffic
// fills both queues with standing's worth of packets at the rate of the link,
// all the time; 0: there is none. It needs a rate.
func (e *Emulator) Change(up, down netsim.Params, standing time.Duration) error {
	_, err := e.ask(request{Change: true, Up: up, Down: down, Standing: standing, Brief: true})
	return err
}

// State returns the state so far, without the probes.
func (e *Emulator) State() (State, error) { return e.ask(request{Brief: true}) }

// Drained waits until the link is empty and returns the state with the probes.
func (e *Emulator) Drained(ctx context.Context) (State, error) {
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

// start starts the child.
func (e *Emulator) start() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	c := exec.Command(self, Command)
	c.Stderr = os.Stderr
	c.ExtraFiles = e.devices
	in, err := c.StdinPipe()
	if err != nil {
		return err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	e.child, e.requests, e.answers, e.hangUp = c, gob.NewEncoder(in), gob.NewDecoder(out), in.Close
	return nil
}

// end ends the child.
func (e *Emulator) end() error {
	if e.child == nil {
		return nil
	}
	_ = e.hangUp()
	err := e.child.Wait()
	e.child = nil
	if err != nil {
		return fmt.Errorf("emulator: %w", err)
	}
	return nil
}

func (e *Emulator) ask(q request) (s State, err error) {
	if err := e.requests.Encode(q); err != nil {
		return s, fmt.Errorf("emulator: %w", err)
	}
	if err := e.answers.Decode(&s); err != nil {
		return s, fmt.Errorf("emulator: %w", err)
	}
	return s, nil
}
