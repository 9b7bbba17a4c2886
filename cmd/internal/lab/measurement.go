//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	"examlink/cmd/internal/lab/emulator"
	"examlink/probe/netsim"
)

// Chosen by us.
const (
	maxStall   = 10 * time.Millisecond // of the emulator, in a measurement that counts
	maxRepeats = 2
)

// measurement is how one measurement went, whatever the tool reported.
type measurement struct {
	Repeats int            `json:"repeats"`
	Stalled bool           `json:"stood"` // the emulator stalled even in the last run
	Seconds float64        `json:"seconds"`
	Bytes   uint64         `json:"bytes"` // offered to the link, both directions, IP layer
	State   emulator.State `json:"-"`
}

// measure runs a tool on a new link. It repeats the measurement when the
// emulator stalled, whatever the tool's figure.
func (l *lab) measure(up, down netsim.Params, seed uint64, tool func() error) (m measurement, err error) {
	for m.Repeats = 0; ; m.Repeats++ {
		if err := l.hosts.Set(l.ctx, up, down, seed); err != nil {
			return m, err
		}
		began := time.Now()
		toolErr := tool()
		m.Seconds = time.Since(began).Seconds()
		if m.State, err = l.hosts.Drained(l.ctx); err != nil {
			return m, err
		}
		m.Bytes = m.State.Up.OfferedBytes + m.State.Down.OfferedBytes
		m.Stalled = max(m.State.Up.Stalls.Longest, m.State.Down.Stalls.Longest) > maxStall.Seconds()
		if !m.Stalled || m.Repeats == maxRepeats {
			l.repeats += m.Repeats
			if m.Stalled {
				l.stalled++
			}
			return m, toolErr
		}
	}
}

// mark returns the column of the tables: how often the measurement was
// repeated, and "!" when the emulator stalled even in the last run.
func (m measurement) mark() string {
	mark := strconv.Itoa(m.Repeats)
	if m.Stalled {
		mark += "!"
	}
	return mark
}

// stallSummary says how the emulator's stalls affected the measurements.
func (l *lab) stallSummary() string {
	return fmt.Sprintf("%d repeats because the emulator stood still for more than %v; in %d measurements it did the last time, too (marked !)",
		l.repeats, maxStall, l.stalled)
}

// record writes a measurement with its ground truth as a line of JSON.
func (l *lab) record(experiment, link, tool string, m measurement, figures any, err error) error {
	if l.records == nil {
		return nil
	}
	line := struct {
		Part    string         `json:"part"`
		Link    string         `json:"link"`
		Tool    string         `json:"tool"`
		Run     measurement    `json:"run"`
		Figures any            `json:"figures"`
		Error   string         `json:"error,omitempty"`
		Truth   emulator.State `json:"truth"`
	}{experiment, link, tool, m, figures, "", m.State}
	if err != nil {
		line.Error = err.Error()
	}
	return l.records.Encode(line)
}

// openRecords creates the file of -json. Without a name it returns no encoder.
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
