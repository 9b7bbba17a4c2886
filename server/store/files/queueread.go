package files

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"

	"examlink/server/store"
)

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
