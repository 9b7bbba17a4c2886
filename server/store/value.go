package store

import (
	"bytes"
	"context"
	"fmt"
)

// Value is something that the servers of a store share under a name.
type Value struct {
	Name    string
	Version uint64 // how often it was put, from 1
	Body    []byte // at most MaxBody bytes
}

// Clean checks a value and returns it as it is stored. Errors: ErrInvalid, ErrTooLarge.
func (v Value) Clean() (Value, error) {
	v.Body = bytes.Clone(v.Body)
	err := checkIDs(text{"name", v.Name})
	switch {
	case err != nil:
	case v.Version >= 1<<63-1:
		err = fmt.Errorf("version: expected one that was read: %w", ErrInvalid)
	case len(v.Body) > MaxBody:
		err = fmt.Errorf("%d bytes, expected at most %d: %w", len(v.Body), MaxBody, ErrTooLarge)
	}
	if err != nil {
		return Value{}, fmt.Errorf("value: %w", err)
	}
	return v, nil
}

// Values keeps what servers share. Who changes a value names the version that it has
// read: of several who do, one comes first.
type Values interface {
	// Get returns a value. Errors: ErrNotFound.
	Get(ctx context.Context, name string) (Value, error)
	// Put replaces the version of a value, 0: it is not there yet, and returns the next
	// one. Errors: ErrInvalid; ErrTooLarge; ErrConflict when another version is there.
	Put(ctx context.Context, name string, body []byte, over uint64) (version uint64, err error)
}
