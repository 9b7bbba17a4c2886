package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// LiveSuffix is appended to a record's name to name its live file. Closing the
// record properly removes that file.
const LiveSuffix = ".live"

// slotSize is the size of each of the live file's two slots. They are written
// alternately, so that one is always whole.
const slotSize = 4096

// Pending is the content of a live file.
type Pending struct {
	N      uint64  `json:"n"`     // the slot with the higher number counts
	T      Time    `json:"t"`     // the last sign of life
	After  Head    `json:"after"` // head of the chain at that time
	Minute *Minute `json:"minute,omitempty"`
	Gap    *Gap    `json:"gap,omitempty"`
}

// live is a live file. Each slot holds the hash of its content in hex, a space,
// and the content.
type live struct {
	f *os.File
	n uint64
}

func openLive(name string) (*live, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	l := &live{f: f}
	if p, ok := readPending(f); ok {
		l.n = p.N
	}
	return l, nil
}

func (l *live) write(p Pending) error {
	p.N = l.n + 1
	b, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("record %s: %w", l.f.Name(), err)
	}
	hash := sha256.Sum256(b)
	slot := append(hex.AppendEncode(nil, hash[:]), ' ')
	slot = append(slot, b...)
	if len(slot) >= slotSize {
		return fmt.Errorf("record %s: %d bytes, expected fewer than %d", l.f.Name(), len(slot), slotSize)
	}
	slot = append(slot, bytes.Repeat([]byte{'\n'}, slotSize-len(slot))...)
	if _, err := l.f.WriteAt(slot, int64(p.N%2)*slotSize); err != nil {
		return fmt.Errorf("record %s: %w", l.f.Name(), err)
	}
	l.n = p.N
	return nil
}

func (l *live) close(remove bool) error {
	name := l.f.Name()
	err := l.f.Close()
	if remove {
		err = errors.Join(err, os.Remove(name))
	}
	return err
}

// readPending returns the newest slot that is whole.
func readPending(r io.ReaderAt) (best Pending, ok bool) {
	for i := range int64(2) {
		slot := make([]byte, slotSize)
		n, _ := r.ReadAt(slot, i*slotSize)
		sum, body, found := bytes.Cut(bytes.TrimRight(slot[:n], "\n"), []byte(" "))
		var want Hash
		if !found || want.UnmarshalText(sum) != nil || Hash(sha256.Sum256(body)) != want {
			continue
		}
		var p Pending
		if json.Unmarshal(body, &p) == nil && (!ok || p.N > best.N) {
			best, ok = p, true
		}
	}
	return best, ok
}

// loadPending reads a record's live file; ok is false if there is none, or none
// that is readable.
func loadPending(record string) (p Pending, ok bool) {
	f, err := os.Open(record + LiveSuffix)
	if errors.Is(err, fs.ErrNotExist) || err != nil {
		return Pending{}, false
	}
	defer f.Close()
	return readPending(f)
}
