package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"examlink/cmd/internal/lab/emulator"
	"examlink/probe/netsim"
)

const (
	serverPort  = 8443
	toolTimeout = 2 * time.Minute
	serverStart = time.Second // until a server listens
)

// Chosen by us.
const (
	maxStall   = 10 * time.Millisecond // of the emulator, in a measurement that counts
	maxRepeats = 2
)

// bench runs the tools on an emulated link.
type bench struct {
	ctx     context.Context
	e       *hosts
	dir     string
	token   string
	servers []*exec.Cmd
	records *json.Encoder // nil: nobody wants them
	keep    string        // where to put what watches leave; empty: nowhere

	repeats  int // measurements made again because the emulator stood still
	stood    int // measurements in whose last run it still did
	failures []string
}

// serve starts the servers of examlink and of the peers on a host and returns
// a join token.
func (b *bench) serve(ns, address string) (token string, err error) {
	data, at := b.path("data-"+ns), address+":"+strconv.Itoa(serverPort)
	list := [][]string{{b.path("examlink-server"), "serve", "--listen", at, "--data-dir", data, "--admin-listen", "127.0.0.1:9481"}}
	if have("iperf3") {
		list = append(list, []string{"iperf3", "-s", "-B", address})
	}
	if have("irtt") {
		list = append(list, []string{"irtt", "server", "-b", address})
	}
	for _, words := range list {
		c := exec.CommandContext(b.ctx, "ip", append([]string{"netns", "exec", ns}, words...)...)
		c.Dir = b.dir // away from any config.yaml
		if err := c.Start(); err != nil {
			return "", err
		}
		b.servers = append(b.servers, c)
	}
	time.Sleep(serverStart)
	out, err := exec.CommandContext(b.ctx, b.path("examlink-server"), "token", "--data-dir", data, "--exam", "lab", "--student", "s", "--server", at).Output()
	if err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// stop ends the servers.
func (b *bench) stop() {
	for _, c := range b.servers {
		_ = c.Process.Signal(syscall.SIGTERM)
		done := make(chan struct{})
		go func() { defer close(done); _ = c.Wait() }()
		select {
		case <-done:
		case <-time.After(2 * time.Second):
			_ = c.Process.Kill()
			<-done
		}
	}
	b.servers = nil
}

// output runs a tool on a host and returns what it printed.
func (b *bench) output(ns, program string, args ...string) ([]byte, error) {
	return b.outputFor(toolTimeout, ns, program, args...)
}

// outputFor is output of a tool that may take longer.
func (b *bench) outputFor(limit time.Duration, ns, program string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(b.ctx, limit)
	defer cancel()
	c := exec.CommandContext(ctx, "ip", append([]string{"netns", "exec", ns, program}, args...)...)
	c.Dir = b.dir
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	if err != nil {
		err = fmt.Errorf("%w: %.300s", err, strings.TrimSpace(strings.ReplaceAll(errs.String(), "\n", "; ")))
	}
	return out.Bytes(), err
}

// outcome is how one measurement went, whatever the tool said.
type outcome struct {
	Repeats int            `json:"repeats"`
	Stood   bool           `json:"stood"` // the emulator stood still even the last time
	Seconds float64        `json:"seconds"`
	Bytes   uint64         `json:"bytes"` // offered to the link, both directions, IP layer
	State   emulator.State `json:"-"`
}

// measure makes a measurement on a new link. The emulator's own stalls make it
// repeat one, the tool's figure never does.
func (b *bench) measure(up, down netsim.Params, seed uint64, tool func() error) (r outcome, err error) {
	for r.Repeats = 0; ; r.Repeats++ {
		if err := b.e.Set(b.ctx, up, down, seed); err != nil {
			return r, err
		}
		began := time.Now()
		toolErr := tool()
		r.Seconds = time.Since(began).Seconds()
		if r.State, err = b.e.Drained(b.ctx); err != nil {
			return r, err
		}
		r.Bytes = r.State.Up.OfferedBytes + r.State.Down.OfferedBytes
		r.Stood = max(r.State.Up.Stalls.Longest, r.State.Down.Stalls.Longest) > maxStall.Seconds()
		if !r.Stood || r.Repeats == maxRepeats {
			b.repeats += r.Repeats
			if r.Stood {
				b.stood++
			}
			return r, toolErr
		}
	}
}

// mark is for the tables: how often it was repeated, and "!" when the last
// time was no better.
func (r outcome) mark() string {
	m := strconv.Itoa(r.Repeats)
	if r.Stood {
		m += "!"
	}
	return m
}

// stallSummary says what the emulator did to the measurements.
func (b *bench) stallSummary() string {
	return fmt.Sprintf("%d repeats because the emulator stood still for more than %v; in %d measurements it did the last time, too (marked !)",
		b.repeats, maxStall, b.stood)
}

// record writes one measurement with its ground truth as a line of JSON.
func (b *bench) record(part, link, tool string, r outcome, figures any, err error) error {
	if b.records == nil {
		return nil
	}
	line := struct {
		Part    string  `json:"part"`
		Link    string  `json:"link"`
		Tool    string  `json:"tool"`
		Run     outcome `json:"run"`
		Figures any     `json:"figures"`
		Error   string  `json:"error,omitempty"`
		Truth   any     `json:"truth"`
	}{part, link, tool, r, figures, "", r.State}
	if err != nil {
		line.Error = err.Error()
	}
	return b.records.Encode(line)
}

func have(program string) bool {
	_, err := exec.LookPath(program)
	return err == nil
}

// path of a file in the lab's own folder.
func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

// openRecords makes the file of -json.
func openRecords(name string) (*json.Encoder, func() error, error) {
	if name == "" {
		return nil, func() error { return nil }, nil
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, nil, err
	}
	return json.NewEncoder(f), f.Close, nil
}
