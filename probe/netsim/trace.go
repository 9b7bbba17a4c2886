package netsim

import (
	"bufio"
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"
	"time"

	"examlink/probe/ippm"
)

// OpportunitySize is the number of IP-layer bytes that one delivery opportunity
// carries: one full packet. Fixed by Mahimahi's file format.
const OpportunitySize = 1500

// Bounds of a trace file, chosen by us.
const (
	maxOpportunities = 10_000_000
	maxTracePeriod   = 30 * 24 * time.Hour
)

// Trace lists the times at which a recorded link could deliver. Each
// opportunity carries OpportunitySize bytes: small packets share it, a packet
// may use the rest of one and continue in the next, and unused ones are lost.
// Links only read a trace, so they may share it.
type Trace struct {
	Opportunities []time.Duration // at least one, in ascending order, 0 to Period
	Period        time.Duration   // repetition period; above 0
}

// ParseTrace parses Mahimahi's format: one whole number of milliseconds per
// line, in ascending order, repeated for each opportunity at that time. The
// last is also the period.
func ParseTrace(r io.Reader) (*Trace, error) {
	t := new(Trace)
	s := bufio.NewScanner(r)
	n := 0
	for s.Scan() {
		n++
		text := strings.TrimSuffix(s.Text(), "\r")
		v, err := strconv.ParseUint(text, 10, 63)
		if err != nil {
			return nil, fmt.Errorf("line %d: %.40q, expected a whole number of milliseconds", n, text)
		}
		if limit := uint64(maxTracePeriod / time.Millisecond); v > limit {
			return nil, fmt.Errorf("line %d: %d, expected at most %d", n, v, limit)
		}
		at := time.Duration(v) * time.Millisecond
		if at < t.Period {
			return nil, fmt.Errorf("line %d: %d, expected at least %d, as on the line before", n, v, t.Period.Milliseconds())
		}
		if n > maxOpportunities {
			return nil, fmt.Errorf("line %d: expected at most %d lines", n, maxOpportunities)
		}
		t.Opportunities = append(t.Opportunities, at)
		t.Period = at
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", n+1, err)
	}
	if t.Period <= 0 {
		return nil, fmt.Errorf("line %d: the last number is the period, expected more than 0", max(n, 1))
	}
	return t, nil
}

// Append appends t in the format that ParseTrace reads. Times are truncated to
// milliseconds, and the period must equal the last of them.
func (t *Trace) Append(b []byte) []byte {
	for _, at := range t.Opportunities {
		b = append(strconv.AppendInt(b, at.Milliseconds(), 10), '\n')
	}
	return b
}

// Rate returns the mean IP-layer rate over a period.
func (t *Trace) Rate() ippm.Rate {
	return ippm.Rate(float64(len(t.Opportunities)) * OpportunitySize * 8 / t.Period.Seconds())
}

// cursor is a position in a trace.
type cursor struct {
	t    *Trace
	from time.Duration // when the trace began
	k    int           // the opportunity in use, counted over all periods; -1: none yet
	at   time.Duration // its time
	left int           // its unused bytes
}

func newCursor(t *Trace, from time.Duration) cursor { return cursor{t: t, from: from, k: -1} }

func (c *cursor) time(k int) time.Duration {
	n := len(c.t.Opportunities)
	return c.from + time.Duration(k/n)*c.t.Period + c.t.Opportunities[k%n]
}

// serve uses opportunities for size bytes whose service begins at start, and
// returns when the last of them has left. Calls must not go back in time.
func (c *cursor) serve(start time.Duration, size int) time.Duration {
	if c.at != start {
		c.left = 0 // no packet was waiting for it
	}
	for {
		if c.left == 0 {
			c.seek(start)
		}
		n := min(c.left, size)
		c.left -= n
		size -= n
		if size == 0 {
			return c.at
		}
	}
}

// seek moves to the first unused opportunity at or after t.
func (c *cursor) seek(t time.Duration) {
	c.k++
	if c.time(c.k) < t {
		// An opportunity at the end of a period is at the start of the next.
		base := max(int((t-c.from)/c.t.Period)-1, 0) * len(c.t.Opportunities)
		i := sort.Search(2*len(c.t.Opportunities), func(i int) bool { return c.time(base+i) >= t })
		c.k = max(c.k, base+i)
	}
	c.at, c.left = c.time(c.k), OpportunitySize
}
