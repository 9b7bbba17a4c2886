// Package netsim simulates network links: rate with byte-exact serialization, a
// token bucket or a recorded trace, a drop-tail queue, delay, jitter, single
// and burst loss, reordering, duplication, outages, and changes of all of them
// in mid-flight. The same model runs inside synctest bubbles between simulated
// sockets, and as a relay between real ones.
//
// It does not look at packet contents.
package netsim

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"time"
)

type queued struct {
	data    []byte
	size    int
	entered time.Duration
	probe   int // number among the separately counted packets; 0: not counted
}

// Link is the state of one direction. Time is passed in and never goes back. It
// is not safe for concurrent use; see Pipe.
type Link struct {
	p   Params
	rng *rand.Rand

	queue   []queued
	waiting int           // bytes in queue
	leave   time.Duration // when the head leaves, if the queue is not empty
	last    time.Duration // when the last packet left
	tokens  float64
	filled  time.Duration // when tokens was computed
	police  policer
	cursor  cursor // position in p.Trace

	flight  flightHeap
	ordered time.Duration // latest arrival so far, for KeepOrder
	n       uint64
	bursty  bool
	probes  probeLog
	count   Counters
	recent  time.Duration // longest queueing time since TakeWait
}

// NewLink makes a link whose randomness depends only on seed.
func NewLink(p Params, seed uint64) *Link {
	return &Link{p: p, rng: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)), tokens: float64(p.Bucket), cursor: newCursor(p.Trace, 0)}
}

// Params returns the parameters in force.
func (l *Link) Params() Params { return l.p }

// Counters returns the counters so far.
func (l *Link) Counters() Counters { return l.count }

// Waiting returns the number of bytes in the queue, the packet being served
// included.
func (l *Link) Waiting() int { return l.waiting }

// TakeWait returns the longest queueing time among the packets that left the
// queue since the last call.
func (l *Link) TakeWait() time.Duration {
	d := l.recent
	l.recent = 0
	return d
}

// Set changes the parameters at now. The packet being serialized keeps its
// progress and continues at the new rate; a new trace begins at now, and serves
// that packet from its first byte.
func (l *Link) Set(now time.Duration, p Params) {
	l.Advance(now)
	l.fill(now)
	old := l.p
	l.p = p
	if p.PoliceRate != old.PoliceRate || p.PoliceBurst != old.PoliceBurst {
		l.police = policer{at: now}
	}
	if p.Bucket > 0 && old.Bucket == 0 {
		l.tokens = 0
	}
	if p.Trace != old.Trace {
		l.cursor = newCursor(p.Trace, now)
	}
	if len(l.queue) == 0 {
		return
	}
	switch {
	case p.Trace != nil:
		if p.Trace != old.Trace {
			l.schedule(now)
		}
	case old.Trace != nil:
		l.schedule(now)
	case p.Rate <= 0:
		l.leave = now
	case p.Bucket > 0:
		l.schedule(now)
	case old.Rate > 0:
		l.leave = now + time.Duration(float64(l.leave-now)*float64(old.Rate/p.Rate))
	}
	l.Advance(now)
}

// Send offers a packet of size bytes at the IP layer at now. The link keeps
// data until it delivers it.
func (l *Link) Send(now time.Duration, data []byte, size int) {
	l.Advance(now)
	l.count.Offered++
	l.count.OfferedBytes += uint64(size)
	probe := l.probes.offer(now, data, size)
	if probe > 0 {
		l.count.ProbesOffered++
	}
	if l.p.Outage {
		l.count.LostOutage++
		l.lost(probe)
		return
	}
	if l.p.MTU > 0 && size > l.p.MTU {
		l.count.LostTooLarge++
		l.lost(probe)
		return
	}
	if !l.police.pass(now, l.p, size) {
		l.count.LostPoliced++
		l.lost(probe)
		return
	}
	limit := math.Inf(1)
	if l.p.Queue > 0 {
		limit = float64(l.p.Queue)
	} else if rate := l.p.MeanRate(); l.p.QueueTime > 0 && rate > 0 {
		limit = float64(rate) / 8 * l.p.QueueTime.Seconds()
	}
	// A packet that finds the link idle is never dropped.
	if len(l.queue) > 0 && float64(l.waiting+size) > limit {
		l.count.LostQueue++
		l.lost(probe)
		return
	}
	l.queue = append(l.queue, queued{data, size, now, probe})
	l.waiting += size
	if len(l.queue) == 1 {
		l.schedule(now)
	}
	l.Advance(now)
}

// policer is the token bucket of a policer. It is full at first, and when its
// parameters change.
type policer struct {
	spent float64 // of the bucket, in bytes
	at    time.Duration
}

// pass takes a packet's tokens; it returns false if there are too few.
func (b *policer) pass(now time.Duration, p Params, size int) bool {
	if p.PoliceRate <= 0 {
		return true
	}
	b.spent = max(b.spent-(now-b.at).Seconds()*p.PoliceRate.BytesPerSecond(), 0)
	b.at = now
	if b.spent+float64(size) > float64(p.PoliceBurst) {
		return false
	}
	b.spent += float64(size)
	return true
}

func (l *Link) fill(now time.Duration) {
	if l.p.Bucket > 0 && l.p.Rate > 0 {
		l.tokens = min(float64(l.p.Bucket), l.tokens+(now-l.filled).Seconds()*float64(l.p.Rate)/8)
	}
	l.filled = now
}

// schedule computes when the head of the queue leaves, given that its service
// begins at start.
func (l *Link) schedule(start time.Duration) {
	size := l.queue[0].size
	switch {
	case l.p.Trace != nil:
		l.leave = l.cursor.serve(start, size)
	case l.p.Rate <= 0:
		l.leave = start
	case l.p.Bucket > 0:
		l.fill(start)
		l.leave = start + time.Duration(math.Ceil(max(float64(min(size, l.p.Bucket))-l.tokens, 0)*8e9/float64(l.p.Rate)))
	default:
		l.leave = start + l.p.Rate.Time(size)
	}
}

// Advance updates the link to now.
func (l *Link) Advance(now time.Duration) {
	for len(l.queue) > 0 && l.leave <= now {
		q := l.queue[0]
		l.queue[0] = queued{}
		l.queue = l.queue[1:]
		l.waiting -= q.size
		at := l.leave
		l.last = at
		if l.p.Bucket > 0 && l.p.Trace == nil {
			l.fill(at)
			l.tokens -= float64(q.size)
		}
		l.count.MaxWait = max(l.count.MaxWait, at-q.entered)
		l.recent = max(l.recent, at-q.entered)
		l.launch(at, q)
		if len(l.queue) > 0 {
			l.schedule(at)
		}
	}
}

// Next returns the time of the next event; ok is false if the link is empty.
func (l *Link) Next() (at time.Duration, ok bool) {
	if len(l.queue) > 0 {
		at, ok = l.leave, true
	}
	if len(l.flight) > 0 && (!ok || l.flight[0].at < at) {
		at, ok = l.flight[0].at, true
	}
	return at, ok
}

func (l *Link) lost(probe int) {
	if probe > 0 {
		l.count.ProbesLost++
	}
}

// Pop returns the oldest packet that has arrived by now, and its arrival time;
// ok is false if there is none.
func (l *Link) Pop(now time.Duration) (data []byte, at time.Duration, ok bool) {
	l.Advance(now)
	if len(l.flight) == 0 || l.flight[0].at > now {
		return nil, 0, false
	}
	f := heap.Pop(&l.flight).(flying)
	l.count.Delivered++
	l.count.DeliveredBytes += uint64(f.size)
	l.probes.arrive(f.probe, f.at)
	return f.data, f.at, true
}
