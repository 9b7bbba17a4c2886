//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"examlink/cmd/internal/lab/emulator"
	"examlink/cmd/internal/lab/stage"
	"examlink/probe/netsim"
)

const (
	toolTimeout = 2 * time.Minute
)

// Chosen by us.
const (
	maxStall   = 10 * time.Millisecond // of the emulator, in a measurement that counts
	maxRepeats = 2
)

// lab runs the tools on an emulated link.
type lab struct {
	ctx      context.Context
	e        *stage.Hosts
	programs stage.Programs
	token    string
	servers  []*exec.Cmd
	records  *json.Encoder // nil: nobody wants them
	keep     string        // where to put what watches leave; empty: nowhere

	repeats  int // measurements made again because the emulator stood still
	stood    int // measurements in whose last run it still did
	failures []string
}

// serve starts the servers of examlink and of the peers on a host and returns
// a join token.
func (b *lab) serve(ns stage.Namespace, address string) (token string, err error) {
	at := address + ":" + strconv.Itoa(stage.ServerPort)
	server := stage.Server{Programs: b.programs, Namespace: ns, Listen: at, Admin: "127.0.0.1:9481", Data: b.programs.Path("data-" + string(ns))}
	b.servers = append(b.servers, server.Command(b.ctx))
	if have("iperf3") {
		b.servers = append(b.servers, ns.Command(b.ctx, "iperf3", "-s", "-B", address))
	}
	if have("irtt") {
		b.servers = append(b.servers, ns.Command(b.ctx, "irtt", "server", "-b", address))
	}
	defer func() {
		if err != nil {
			b.stop()
		}
	}()
	for i, c := range b.servers {
		c.Dir = string(b.programs) // away from any config.yaml
		if err := c.Start(); err != nil {
			b.servers = b.servers[:i]
			return "", err
		}
	}
	time.Sleep(stage.ServerStart)
	return server.Token(b.ctx, "lab")
}

// stop ends the servers.
func (b *lab) stop() {
	for _, c := range b.servers {
		_ = stage.End(c, syscall.SIGTERM, 2*time.Second)
	}
	b.servers = nil
}

// output runs a tool on a host and returns what it printed.
func (b *lab) output(ns stage.Namespace, program string, args ...string) ([]byte, error) {
	return b.outputFor(toolTimeout, ns, program, args...)
}

// outputFor is output of a tool that may take longer.
func (b *lab) outputFor(limit time.Duration, ns stage.Namespace, program string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(b.ctx, limit)
	defer cancel()
	return ns.Output(ctx, string(b.programs), append([]string{program}, args...)...)
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
func (b *lab) measure(up, down netsim.Params, seed uint64, tool func() error) (r outcome, err error) {
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
func (b *lab) stallSummary() string {
	return fmt.Sprintf("%d repeats because the emulator stood still for more than %v; in %d measurements it did the last time, too (marked !)",
		b.repeats, maxStall, b.stood)
}

// record writes one measurement with its ground truth as a line of JSON.
func (b *lab) record(part, link, tool string, r outcome, figures any, err error) error {
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
