package netsim

import (
	"container/heap"
	"time"
)

type flying struct {
	data  []byte
	size  int
	at    time.Duration
	n     uint64 // ties leave in order
	probe int    // as in queued
}

func (l *Link) launch(at time.Duration, q queued) {
	if l.lose() {
		l.count.LostRandom++
		l.lost(q.probe)
		return
	}
	copies := 1
	if l.p.Duplicate > 0 && l.rng.Float64() < l.p.Duplicate {
		copies = 2
		l.count.Duplicated++
	}
	for range copies {
		arrive := at + l.p.Delay
		if l.p.Jitter > 0 {
			arrive += time.Duration(l.rng.ExpFloat64() * float64(l.p.Jitter))
		}
		if l.p.Reorder > 0 && l.rng.Float64() < l.p.Reorder {
			arrive += l.p.ReorderBy
			l.count.Reordered++
		} else if l.p.KeepOrder {
			arrive = max(arrive, l.ordered)
			l.ordered = arrive
		}
		l.n++
		heap.Push(&l.flight, flying{q.data, q.size, arrive, l.n, q.probe})
	}
}

func (l *Link) lose() bool {
	if l.p.BurstStart > 0 {
		if l.bursty {
			l.bursty = l.rng.Float64() >= l.p.BurstEnd
		} else {
			l.bursty = l.rng.Float64() < l.p.BurstStart
		}
		if l.bursty {
			return true
		}
	}
	return l.p.Loss > 0 && l.rng.Float64() < l.p.Loss
}

type flightHeap []flying

func (h flightHeap) Len() int      { return len(h) }
func (h flightHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h flightHeap) Less(i, j int) bool {
	return h[i].at < h[j].at || h[i].at == h[j].at && h[i].n < h[j].n
}
func (h *flightHeap) Push(x any) { *h = append(*h, x.(flying)) }
func (h *flightHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	old[len(old)-1] = flying{}
	*h = old[:len(old)-1]
	return x
}
