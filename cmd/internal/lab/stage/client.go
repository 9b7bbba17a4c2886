//go:build linux

package stage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// StartClient starts a watch. program is Client or Stepped.
func (t *Testbed) StartClient(program string) error {
	c := t.Student.Command(t.ctx, t.programs.Path(program), "watch", "--record", t.record(), "--metrics-listen", "", "--notify", "off", t.token)
	if err := t.start(c, "client", clockFileVariable+"="+t.clockFile()); err != nil {
		return err
	}
	t.client = c
	return nil
}

// StopClient ends the watch as Ctrl-C does and returns what it used.
func (t *Testbed) StopClient() (Cost, error) {
	if t.client == nil {
		return Cost{}, errors.New("there is no client")
	}
	c := t.client
	t.client = nil
	err := End(c, syscall.SIGINT, stopLimit)
	if err != nil {
		err = fmt.Errorf("client: %w", err)
	}
	return costOf(c.ProcessState), err
}

// PauseClient stops the client's process without ending it.
func (t *Testbed) PauseClient() error { return t.client.Process.Signal(syscall.SIGSTOP) }

// ResumeClient lets the client's process continue.
func (t *Testbed) ResumeClient() error { return t.client.Process.Signal(syscall.SIGCONT) }

// SetClock sets the wall clock of a client that is Stepped to so much ahead of
// this computer's.
func (t *Testbed) SetClock(ahead time.Duration) error {
	tmp := t.clockFile() + ".new"
	if err := os.WriteFile(tmp, []byte(ahead.String()), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, t.clockFile())
}

// Record reads the record of the watch, which must have ended.
func (t *Testbed) Record() (WatchRecord, error) { return readRecord(t.record()) }

func (t *Testbed) record() string    { return filepath.Join(t.Dir, "record.jsonl") }
func (t *Testbed) clockFile() string { return filepath.Join(t.Dir, "clock") }
