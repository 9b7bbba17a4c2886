package media

import (
	"strings"

	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"

	"examlink/probe/ippm"
	"examlink/probe/rehearsal"
)

// receive takes the packets of one stream until it ends.
func (h *Rehearsal) receive(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	kind, ok := h.kindOf(receiver)
	h.mu.Lock()
	ok = ok && !h.over && h.tracks[kind] == 0
	if ok {
		h.tracks[kind] = track.SSRC()
		h.wg.Add(1)
	}
	h.mu.Unlock()
	if !ok {
		return
	}
	defer h.wg.Done()
	h.wg.Go(func() { h.listen(receiver) }) // ends with the connection
	six := overIPv6(receiver)
	for {
		p, attributes, err := track.ReadRTP()
		if err != nil {
			return // the connection has ended
		}
		h.take(kind, rehearsal.Packet{
			At: stampOf(attributes).Sub(h.began), Seq: p.SequenceNumber, Timestamp: p.Timestamp, Marker: p.Marker,
			Repaired: repaired(attributes), Size: ippm.IPSize(p.MarshalSize()+srtpTag, six), Payload: p.Payload,
		})
	}
}

// srtpTag is what SRTP adds to a packet (RFC 3711, section 4.2.1): a tag of 80 bits. Fixed by
// the RFC.
const srtpTag = 10

// overIPv6 reports whether the packets of a receiver come over IPv6.
func overIPv6(receiver *webrtc.RTPReceiver) bool {
	pair, err := receiver.Transport().ICETransport().GetSelectedCandidatePair()
	return err == nil && pair != nil && pair.Remote != nil && strings.Contains(pair.Remote.Address, ":")
}

// repaired reports whether a packet was sent again (RFC 4588).
func repaired(a interceptor.Attributes) bool { return a.Get(webrtc.AttributeRtxSsrc) != nil }

// kindOf returns what a receiver's stream shows.
func (h *Rehearsal) kindOf(receiver *webrtc.RTPReceiver) (k rehearsal.Kind, ok bool) {
	for _, t := range h.pc.GetTransceivers() {
		if t.Receiver() == receiver {
			k, ok = h.request.Streams[t.Mid()]
		}
	}
	return k, ok
}

func (h *Rehearsal) take(k rehearsal.Kind, p rehearsal.Packet) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over {
		return
	}
	h.traces[k].Add(p)
	select {
	case <-h.first:
	default:
		close(h.first)
	}
}
