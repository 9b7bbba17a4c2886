package ippm

import "math"

// LossRuns counts the loss pattern of a stream in sequence order: runs of
// losses (RFC 3357, loss period) and the transitions of a two-state Markov
// chain (Gilbert). The zero value is ready. Not safe for concurrent use.
type LossRuns struct {
	received, lost uint64
	runs           uint64
	longest        uint64
	current        uint64
	started        bool
	lastLost       bool
	// n[a][b]: packets in state b after a packet in state a; 1 is lost.
	n [2][2]uint64
}

// Add adds the next packet in sequence order, lost or not.
func (l *LossRuns) Add(lost bool) {
	b := 0
	if lost {
		b = 1
		l.lost++
		if !l.lastLost || !l.started {
			l.runs++
			l.current = 0
		}
		l.current++
		l.longest = max(l.longest, l.current)
	} else {
		l.received++
	}
	if l.started {
		a := 0
		if l.lastLost {
			a = 1
		}
		l.n[a][b]++
	}
	l.started, l.lastLost = true, lost
}

// Break separates the next packet from the last one. Use it where the stream
// was interrupted on purpose.
func (l *LossRuns) Break() { l.started = false }

// Merge adds the runs of another stream without joining runs of the two.
func (l *LossRuns) Merge(o *LossRuns) {
	l.received += o.received
	l.lost += o.lost
	l.runs += o.runs
	l.longest = max(l.longest, o.longest)
	for a := range l.n {
		for b := range l.n[a] {
			l.n[a][b] += o.n[a][b]
		}
	}
	l.started = false
}

// Received returns the number of packets received.
func (l *LossRuns) Received() uint64 { return l.received }

// Lost returns the number of packets lost.
func (l *LossRuns) Lost() uint64 { return l.lost }

// Runs returns the number of loss runs.
func (l *LossRuns) Runs() uint64 { return l.runs }

// Longest returns the length of the longest run of losses, in packets.
func (l *LossRuns) Longest() uint64 { return l.longest }

// MeanRun returns the mean length of a run of losses, in packets; ok is false
// when nothing was lost.
func (l *LossRuns) MeanRun() (packets float64, ok bool) {
	if l.runs == 0 {
		return 0, false
	}
	return float64(l.lost) / float64(l.runs), true
}

// BurstRatio returns the Gilbert burst ratio 1/(p+r), with p the probability of
// a loss after a reception and r that of a reception after a loss: 1 for
// independent losses, above 1 for bursts (ITU-T G.113, annex B). ok is false if
// one of the transitions could not be observed.
func (l *LossRuns) BurstRatio() (ratio float64, ok bool) {
	fromReceived := l.n[0][0] + l.n[0][1]
	fromLost := l.n[1][0] + l.n[1][1]
	if fromReceived == 0 || fromLost == 0 {
		return 0, false
	}
	p := float64(l.n[0][1]) / float64(fromReceived)
	r := float64(l.n[1][0]) / float64(fromLost)
	if p+r == 0 {
		return 0, false
	}
	return 1 / (p + r), true
}

// Reordering counts reordered packets as RFC 4737, section 3 defines them: a
// packet is reordered when its sequence number is smaller than one that
// arrived before it. The zero value is ready.
type Reordering struct {
	next      uint64
	reordered uint64
	total     uint64
	maxExtent uint64
}

// Add adds the sequence number of the next arrival, duplicates excluded.
func (r *Reordering) Add(seq uint64) {
	r.total++
	if seq >= r.next {
		r.next = seq + 1
		return
	}
	r.reordered++
	r.maxExtent = max(r.maxExtent, r.next-1-seq)
}

// Reordered returns the number of reordered packets.
func (r *Reordering) Reordered() uint64 { return r.reordered }

// MaxLag returns the largest distance, in sequence numbers, of a reordered
// packet behind the highest before it.
func (r *Reordering) MaxLag() uint64 { return r.maxExtent }

// Ratio returns the share of reordered packets among all arrivals; ok is false
// when nothing arrived.
func (r *Reordering) Ratio() (ratio float64, ok bool) {
	if r.total == 0 {
		return 0, false
	}
	return float64(r.reordered) / float64(r.total), true
}

// Wilson returns the Wilson score interval of a proportion k of n, with z
// standard normal deviations (1.96 for 95 %). For n = 0 it is 0 to 1.
func Wilson(k, n uint64, z float64) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	nf := float64(n)
	p := float64(k) / nf
	z2 := z * z
	centre := (p + z2/(2*nf)) / (1 + z2/nf)
	half := z / (1 + z2/nf) * math.Sqrt(p*(1-p)/nf+z2/(4*nf*nf))
	low, high = centre-half, centre+half
	if k == 0 {
		low = 0
	}
	if k == n {
		high = 1
	}
	return max(low, 0), min(high, 1)
}
