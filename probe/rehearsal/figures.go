package rehearsal

import (
	"time"

	"examlink/probe/ippm"
)

// Figures is what arrived of one stream from one time to another, counted by the receiver.
type Figures struct {
	Kind      Kind      `json:"kind"`
	Bytes     int64     `json:"bytes"` // at the IP layer
	Rate      ippm.Rate `json:"bits_per_second"`
	Frames    int       `json:"frames"` // that a receiver could show
	FrameRate float64   `json:"frames_per_second"`
	// Width and Height are those that most pictures had; absent: there was none.
	Width   int `json:"width,omitempty"`
	Height  int `json:"height,omitempty"`
	Packets int `json:"packets"` // that arrived at first
	Lost    int `json:"lost"`    // that did not; those sent again are among them
	// Loss is the share of packets lost; absent: none arrived.
	Loss *float64 `json:"loss_ratio,omitempty"`
	// Jitter is the interarrival jitter of RFC 3550; absent: not known.
	Jitter *float64 `json:"interarrival_jitter_seconds,omitempty"`
	// Freezes is how often the picture stood still, for Frozen in all; for Untaken of it the
	// browser took or sent no pictures.
	Freezes int     `json:"freezes"`
	Frozen  float64 `json:"frozen_seconds"`
	Untaken float64 `json:"untaken_seconds"`
}

// Figures returns the figures from one time to another, by the clock of the packets.
func (t *Trace) Figures(k Kind, from, to time.Duration) Figures {
	f := Figures{Kind: k}
	seconds := (to - from).Seconds()
	for _, p := range t.packets {
		if p.at >= from && p.at < to {
			f.Bytes += int64(p.size)
		}
	}
	f.Rate = ippm.Rate(float64(8*f.Bytes) / seconds)
	list := t.shown()
	sizes := map[[2]int]int{}
	for _, s := range list {
		if s.at >= from && s.at < to {
			f.Frames++
			sizes[[2]int{s.width, s.height}]++
		}
	}
	f.FrameRate = float64(f.Frames) / seconds
	most := 0
	for size, n := range sizes {
		if size[0] > 0 && (n > most || n == most && size[0]*size[1] < f.Width*f.Height) {
			most, f.Width, f.Height = n, size[0], size[1]
		}
	}
	f.Packets, f.Lost = t.loss(from, to)
	if n := f.Packets + f.Lost; n > 0 {
		share := float64(f.Lost) / float64(n)
		f.Loss = &share
	}
	if j, ok := t.jitter(to); ok {
		s := j.Seconds()
		f.Jitter = &s
	}
	x := freezes(list, k == Webcam, from, to)
	f.Freezes, f.Frozen, f.Untaken = x.times, x.frozen.Seconds(), x.source.Seconds()
	return f
}

// Totals is what arrived of one stream in all, in the terms of a browser's statistics.
type Totals struct {
	Payload int64 // bytes of payload that arrived, at first or when sent again
	Lost    int   // packets that did not
	Packets int   // packets that arrived at first
	Frames  int   // pictures that arrived whole
}

// repairSize is what a packet that is sent again has besides its payload: its first sequence
// number (RFC 4588, section 4). Fixed by the RFC.
const repairSize = 2

// Totals returns the totals.
func (t *Trace) Totals() (x Totals) {
	for _, p := range t.packets {
		x.Payload += int64(p.payload)
		if p.repaired {
			x.Payload += repairSize
		}
	}
	x.Packets, x.Lost = t.loss(0, 1<<62)
	frames, _ := t.frames()
	for _, f := range frames {
		if f.whole() {
			x.Frames++
		}
	}
	return x
}
