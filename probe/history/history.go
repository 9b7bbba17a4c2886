// Package history keeps the results of the last checks on this computer, so that a
// student sees how the link was before, and at what time of day it is worse.
//
// It knows a file of lines, and what of them can be said about times of day. It
// refuses to know who a student is, what a record holds, and what anything is shown
// in. The file stays on this computer, belongs to its user alone, and can be removed.
package history

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"examlink/probe"
	"examlink/probe/ippm"
	"examlink/probe/journal"
	"examlink/probe/lockfile"
	"examlink/probe/verdict"
)

const (
	// LineSchema names the layout of a line of the file, a Check.
	LineSchema = "examlink.past-check/1"
	// Most is how many checks are kept; older ones are dropped. Chosen by us: two
	// weeks of the checks that are planned before an exam, several times over.
	Most = 200

	maxLine   = 16 << 10
	waitFor   = 2 * time.Second // for another examlink that has the file open for a moment
	waitEvery = 20 * time.Millisecond
)

// Check is what is kept of one check. It has no pseudonym and no address of this
// computer.
type Check struct {
	Schema    string          `json:"schema"`
	At        time.Time       `json:"at"` // when it began, by this computer's clock, in its zone
	Exam      string          `json:"exam"`
	Server    string          `json:"server"`
	Transport string          `json:"transport"`
	Planned   bool            `json:"planned"` // made by a watch, as planned
	Policy    string          `json:"policy"`
	Outcome   verdict.Outcome `json:"outcome"`
	Sentence  string          `json:"sentence"`
	Download  Rate            `json:"download"`
	Upload    Rate            `json:"upload"`
	RoundTrip *float64        `json:"round_trip_delay_seconds"` // median; nil: not known
}

// Rate is the rate of one direction at the IP layer and the minimum it was judged by,
// in bit/s; a minimum of 0 sets no bound.
type Rate struct {
	ippm.Interval

	Minimum float64 `json:"minimum_bits_per_second"`
}

// FromReport returns what is kept of a check. planned says that a watch made it.
func FromReport(r probe.Report, planned bool) Check {
	c := Check{
		Schema: LineSchema, At: r.Started.Round(0).Truncate(time.Second), Exam: r.Exam, Server: r.Server, Transport: r.Transport, Planned: planned,
		Policy: r.Policy.Name, Outcome: r.Verdict.Outcome, Sentence: r.Verdict.Sentence,
	}
	for _, x := range r.Verdict.Reasons {
		rate := Rate{ippm.Interval{Value: x.Value, Low: x.Low, High: x.High}, x.Minimum}
		switch x.Criterion {
		case verdict.Download:
			c.Download = rate
		case verdict.Upload:
			c.Upload = rate
		case verdict.RoundTripDelay:
			c.RoundTrip = x.Value
		default:
		}
	}
	return c
}

// DefaultFile returns the name of the file in the user's configuration directory.
func DefaultFile() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("history: %w", err)
	}
	return filepath.Join(dir, "examlink", "checks.jsonl"), nil
}

// Add adds a check to a file, which is made with its directory if there is none, and
// drops the oldest ones beyond Most. Several programs may add at the same time.
func Add(file string, c Check) error {
	line, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return fmt.Errorf("history: %w", err)
	}
	var lines [][]byte
	torn := false // a line that a crash cut off has no end
	j, err := open(file, func(b []byte) {
		if json.Valid(b) {
			lines = append(lines, bytes.Clone(b))
		} else {
			torn = true
		}
	})
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	if lines = append(lines, line); torn || len(lines) > Most {
		lines = lines[max(len(lines)-Most, 0):]
		j.Rewrite(append(bytes.Join(lines, []byte{'\n'}), '\n'))
	} else {
		j.Append(line)
	}
	if err := errors.Join(j.Err(), j.Close(false)); err != nil {
		return fmt.Errorf("history: %w", err)
	}
	return nil
}

// Read returns the checks in a file, the oldest first; none if there is no file. Lines
// that are damaged or of a later version are left out.
func Read(file string) ([]Check, error) {
	if _, err := os.Lstat(file); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var all []Check
	j, err := open(file, func(b []byte) {
		var c Check
		if json.Unmarshal(b, &c) == nil && c.Schema == LineSchema {
			all = append(all, c)
		}
	})
	if err == nil {
		err = j.Close(false)
	}
	if err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	return all[max(len(all)-Most, 0):], nil
}

// Clear removes a file, and returns how many checks were in it. No file is not an
// error.
func Clear(file string) (int, error) {
	if _, err := os.Lstat(file); errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	n := 0
	j, err := open(file, func([]byte) { n++ })
	if err == nil {
		err = j.Close(true)
	}
	if e := os.Remove(file + journal.SpareSuffix); err == nil && !errors.Is(e, fs.ErrNotExist) {
		err = e
	}
	if err != nil {
		return 0, fmt.Errorf("history: %w", err)
	}
	return n, nil
}

// open opens a file and passes on its lines that are not empty. It waits for another
// program that has it open.
func open(file string, take func([]byte)) (*journal.Journal, error) {
	for end := time.Now().Add(waitFor); ; time.Sleep(waitEvery) {
		j, _, err := journal.Open(file, maxLine, func(b []byte) bool {
			if len(b) > 0 {
				take(b)
			}
			return true
		})
		if !errors.Is(err, lockfile.ErrInUse) || time.Now().After(end) {
			return j, err
		}
	}
}
