package rehearsal

import "time"

// maxPackets bounds what a trace keeps: 20 s at 2,000 packets a second. Chosen by us.
const maxPackets = 40_000

// Packet is one packet of RTP that has arrived.
type Packet struct {
	At        time.Duration // when, by any clock
	Seq       uint16
	Timestamp uint32 // of its picture, 1/90,000 s
	Marker    bool   // the last one of its picture
	Repaired  bool   // it was sent again
	Size      int    // bytes at the IP layer
	Payload   []byte // VP8; not kept
}

// seen is what is kept of a packet.
type seen struct {
	header
	at       time.Duration
	seq      int64 // without wrapping
	stamp    int64 // without wrapping, 1/90,000 s
	marker   bool
	repaired bool
	filler   bool // belongs to no picture
	size     int
	payload  int // bytes
}

// Trace is the packets of one stream in the order in which they arrived. The zero value is
// empty. It is not safe for concurrent use.
type Trace struct {
	packets []seen
	newest  seen           // by sequence number
	missing map[int64]*gap // by sequence number
}

// Add adds a packet. Payloads that are not VP8, and packets beyond a bound, are left out.
func (t *Trace) Add(p Packet) {
	h, err := parseVP8(p.Payload)
	if err != nil || len(t.packets) >= maxPackets {
		return
	}
	s := seen{
		header: h, at: p.At, seq: int64(p.Seq), stamp: int64(p.Timestamp), marker: p.Marker, repaired: p.Repaired,
		filler: len(p.Payload) == 0, size: p.Size, payload: len(p.Payload),
	}
	if len(t.packets) > 0 {
		s.seq = t.newest.seq + int64(int16(p.Seq-uint16(t.newest.seq)))
		s.stamp = t.newest.stamp + int64(int32(p.Timestamp-uint32(t.newest.stamp)))
	}
	switch {
	case len(t.packets) == 0:
		t.newest = s
	case s.seq > t.newest.seq:
		t.miss(s.seq)
		t.newest = s
	default:
		delete(t.missing, s.seq)
	}
	t.packets = append(t.packets, s)
}

// Began returns when the first packet arrived; ok is false if none has.
func (t *Trace) Began() (at time.Duration, ok bool) {
	if len(t.packets) == 0 {
		return 0, false
	}
	return t.packets[0].at, true
}

// loss returns how many packets arrived at first and how many did not, of those between
// the first and the last that arrived from one time to another. Those sent again count as
// lost.
func (t *Trace) loss(from, to time.Duration) (arrived, lost int) {
	there := map[int64]bool{}
	for _, p := range t.packets {
		if !p.repaired {
			there[p.seq] = true
		}
	}
	low, high := int64(0), int64(-1)
	for _, p := range t.packets {
		if p.repaired || p.at < from || p.at >= to {
			continue
		}
		if high < low {
			low, high = p.seq, p.seq
		}
		low, high = min(low, p.seq), max(high, p.seq)
	}
	for seq := low; seq <= high; seq++ {
		if there[seq] {
			arrived++
		} else {
			lost++
		}
	}
	return arrived, lost
}

// jitter returns the interarrival jitter of RFC 3550, section 6.4.1, at the end of a time;
// ok is false where it is not known.
func (t *Trace) jitter(to time.Duration) (j time.Duration, ok bool) {
	var before *seen
	var estimate float64
	n := 0
	for i := range t.packets {
		p := &t.packets[i]
		if p.at >= to || p.repaired || p.filler {
			continue
		}
		if before != nil {
			d := (p.at - before.at).Seconds() - float64(p.stamp-before.stamp)/clockRate
			estimate += (max(d, -d) - estimate) / 16
			n++
		}
		before = p
	}
	return time.Duration(estimate * float64(time.Second)), n > 0
}

// clockRate is that of video's time stamps, Hz. Fixed by RFC 7741.
const clockRate = 90_000
