package delivery

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"

	"examlink/probe/journal"
	"examlink/server/alert"
	"examlink/server/store"
)

// Of the files in which earlier versions kept queues.
const (
	oldQueueSuffix = ".queue"
	takenSuffix    = ".imported"
	maxLine        = 256 << 10 // bytes with the line's end; a longer one is not read
)

// takeOver moves what an earlier version kept in a file into a queue, and renames
// the file. What cannot be read or kept is skipped and counted. A process that ends
// meanwhile loses nothing: the next one goes on.
func takeOver(ctx context.Context, q store.Queue, name string) (taken, skipped int, err error) {
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		return 0, 0, nil
	}
	var c content
	file, skipped, err := journal.Open(name, maxLine, c.take)
	if err != nil {
		return 0, skipped, err
	}
	taken, unfit, err := c.moveTo(ctx, q)
	if err = errors.Join(err, file.Close(false)); err != nil {
		return taken, skipped + unfit, err
	}
	if err := os.Remove(name + journal.SpareSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return taken, skipped + unfit, err
	}
	return taken, skipped + unfit, os.Rename(name, name+takenSuffix)
}

// moveTo adds the messages and the undelivered ones to a queue that may have some
// of them.
func (c *content) moveTo(ctx context.Context, q store.Queue) (moved, unfit int, err error) {
	waiting, err := q.Waiting(ctx)
	if err != nil {
		return 0, 0, err
	}
	undelivered, err := q.Undelivered(ctx)
	if err != nil {
		return 0, 0, err
	}
	numbers := map[string]uint64{}
	for _, m := range waiting {
		numbers[m.ID] = m.Number
	}
	gone := map[string]bool{}
	for _, u := range undelivered {
		gone[u.ID] = true
	}
	put := func(m store.Message) (uint64, error) {
		if n := numbers[m.ID]; n != 0 || gone[m.ID] {
			return n, nil
		}
		n, err := q.Put(ctx, m)
		switch {
		case errors.Is(err, store.ErrInvalid) || errors.Is(err, store.ErrTooLarge):
			unfit++
			return 0, nil
		case err == nil:
			moved++
		}
		return n, err
	}
	for _, u := range c.undelivered() {
		n, err := put(store.Message{ID: u.ID, Kind: u.Kind, At: u.At, Body: json.RawMessage("null")})
		if err == nil && n != 0 {
			err = q.GiveUp(ctx, n, store.Reason{Why: u.Why, Sentence: u.Sentence, At: u.GivenUp})
		}
		if err != nil {
			return moved, unfit, err
		}
	}
	for _, m := range c.waiting() {
		var e alert.Event
		if json.Unmarshal(m.Body, &e) == nil {
			m.Exam, m.Student = e.Data.Exam, e.Data.Student
		}
		if _, err := put(m); err != nil {
			return moved, unfit, err
		}
	}
	return moved, unfit, nil
}

// entry is one line of the file: a message, the number of one that has left the
// queue, or a message that was given up.
type entry struct {
	Next uint64             `json:"next,omitempty"` // number of the next message
	Put  *store.Message     `json:"put,omitempty"`
	Gone uint64             `json:"gone,omitempty"`
	Lost *store.Undelivered `json:"lost,omitempty"`
}

// content is what the lines of a file come to.
type content struct {
	next  uint64
	found map[uint64]store.Message
	gone  []uint64
	lost  map[string]givenUp
	lines int
}

type givenUp struct {
	store.Undelivered
	line int
}

// maxNumber bounds what is read: no queue gets so far.
const maxNumber = 1 << 62

// take takes a line; false if it is torn or damaged.
func (c *content) take(line []byte) bool {
	var e entry
	if json.Unmarshal(line, &e) != nil || e.Next > maxNumber || e.Put != nil && e.Put.Number > maxNumber {
		return false
	}
	c.lines++
	if c.found == nil {
		c.found, c.lost = map[uint64]store.Message{}, map[string]givenUp{}
	}
	if m := e.Put; m != nil && m.Number > 0 && m.ID != "" {
		c.found[m.Number] = *m
		c.next = max(c.next, m.Number+1)
	}
	c.next = max(c.next, e.Next)
	if e.Gone != 0 {
		c.gone = append(c.gone, e.Gone)
	}
	if e.Lost != nil {
		c.lost[e.Lost.ID] = givenUp{*e.Lost, c.lines}
	}
	return true
}

// waiting are the messages that have not left, by number.
func (c *content) waiting() (out []store.Message) {
	for _, n := range c.gone {
		delete(c.found, n)
	}
	for _, m := range c.found {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b store.Message) int { return cmp.Compare(a.Number, b.Number) })
	return out
}

// undelivered are the messages that were given up, the latest last.
func (c *content) undelivered() (out []store.Undelivered) {
	byTime := func(a, b givenUp) int { return cmp.Or(a.GivenUp.Compare(b.GivenUp), cmp.Compare(a.line, b.line)) }
	for _, u := range slices.SortedFunc(maps.Values(c.lost), byTime) {
		out = append(out, u.Undelivered)
	}
	return out
}
