package rehearsal

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// frame is one picture.
type frame struct {
	stamp         time.Duration // when the browser took it, by its own clock
	complete      time.Duration // when its last missing packet arrived
	first, last   int64         // sequence numbers
	started       bool
	ended         bool
	packets       map[int64]bool
	key           bool
	width, height int
}

func (f *frame) whole() bool {
	return f.started && f.ended && int64(len(f.packets)) == f.last-f.first+1
}

// shown is a picture that a receiver could show.
type shown struct {
	at            time.Duration // when it could, at the earliest
	stamp         time.Duration
	width, height int
}

// shown returns the pictures that a receiver could show, in their order: a picture is
// decoded only after the one before it, unless it is a key picture.
func (t *Trace) shown() (list []shown) {
	frames, fillers := t.frames()
	var at time.Duration
	var width, height int
	intact, end := false, int64(0)
	for _, f := range frames {
		if !f.whole() {
			intact = false
			continue
		}
		for intact && end+1 < f.first && fillers[end+1] {
			end++
		}
		intact = f.key || intact && end+1 == f.first
		if !intact {
			continue
		}
		if f.key && f.width > 0 {
			width, height = f.width, f.height
		}
		at, end = max(at, f.complete), f.last
		list = append(list, shown{at, f.stamp, width, height})
	}
	return list
}

// frames returns all pictures of which something has arrived, by their stamps, and the
// sequence numbers of packets that belong to none.
func (t *Trace) frames() (list []*frame, fillers map[int64]bool) {
	byStamp := map[int64]*frame{}
	fillers = map[int64]bool{}
	for _, p := range t.packets {
		if p.filler {
			fillers[p.seq] = true
			continue
		}
		f := byStamp[p.stamp]
		if f == nil {
			f = &frame{stamp: time.Duration(float64(p.stamp) / clockRate * float64(time.Second)), packets: map[int64]bool{}}
			byStamp[p.stamp] = f
		}
		if f.packets[p.seq] {
			continue
		}
		f.packets[p.seq] = true
		f.complete = max(f.complete, p.at)
		if p.Start {
			f.started, f.first, f.key, f.width, f.height = true, p.seq, p.Key, p.Width, p.Height
		}
		if p.marker {
			f.ended, f.last = true, p.seq
		}
	}
	list = slices.SortedFunc(maps.Values(byStamp), func(a, b *frame) int { return cmp.Compare(a.stamp, b.stamp) })
	return list, fillers
}

// Broken reports whether the pictures cannot be decoded any more because packets are missing
// for longer than wait: a receiver would ask for a key picture.
func (t *Trace) Broken(now, wait time.Duration) bool {
	list := t.shown()
	if len(list) == 0 {
		began, ok := t.Began()
		return ok && now-began > wait
	}
	frames, _ := t.frames()
	last := list[len(list)-1].stamp
	for _, f := range frames {
		if f.stamp > last && now-f.complete > wait {
			return true
		}
	}
	return false
}
