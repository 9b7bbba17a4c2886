package record

import (
	"errors"
	"time"
)

// errAppendOnly is returned where a line that was passed on would have to be taken back.
var errAppendOnly = errors.New("lines that were passed on cannot be taken back")

// passed is the storage of a record whose lines are passed on as they come.
type passed struct{ put func(line []byte) error }

func (p passed) WriteAt(line []byte, _ int64) (int, error) {
	if err := p.put(line); err != nil {
		return 0, err
	}
	return len(line), nil
}

func (passed) Truncate(int64) error { return errAppendOnly }
func (passed) Sync() error          { return nil }
func (passed) Close() error         { return nil }

// New begins a record whose lines go to put, whole, with their line break and in order;
// put must not keep them. An error of put means that it did not take the line, which
// the record notes as it notes a line that a file did not take. There is no live file:
// of a killed process the last minute is missing. name is used in errors.
func New(name string, s Start, now time.Time, o Options, put func(line []byte) error) (*Writer, error) {
	w, err := newWriter(name, o)
	if err != nil {
		return nil, err
	}
	w.f = passed{put}
	s.Schema = Schema
	if err := w.begin(scan{}, nil, s, now); err != nil {
		return nil, err
	}
	return w, nil
}
