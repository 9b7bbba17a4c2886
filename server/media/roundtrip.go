package media

import (
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"examlink/probe/rehearsal"
)

// reporter is the SSRC in the server's questions. A stream of a browser that has it by
// chance is measured all the same.
const reporter = 1

// roundTripQuestion is a reference time of the receiver, which a browser repeats in its next
// report with how long it kept it (RFC 3611, section 4.4).
func roundTripQuestion(now time.Time) []rtcp.Packet {
	return []rtcp.Packet{
		&rtcp.ReceiverReport{SSRC: reporter},
		&rtcp.ExtendedReport{SenderSSRC: reporter, Reports: []rtcp.ReportBlock{&rtcp.ReceiverReferenceTimeReportBlock{NTPTimestamp: ntp(now)}}},
	}
}

// ntp returns a time as NTP has it: seconds since 1900 in 32.32 bits.
func ntp(t time.Time) uint64 {
	const since1900 = 2_208_988_800
	return uint64(t.Unix()+since1900)<<32 | uint64(t.Nanosecond())<<32/1e9
}

// roundTrip returns the round trip by an answer (RFC 3611, section 4.5); ok is false if it
// is none.
func roundTrip(d rtcp.DLRRReport, now time.Time) (rtt time.Duration, ok bool) {
	if d.LastRR == 0 {
		return 0, false
	}
	units := uint32(ntp(now)>>16) - d.LastRR - d.DLRR // of 1/65,536 s
	if units > 1<<31 {                                // rounded to less than nothing
		units = 0
	}
	rtt = time.Duration(units) * time.Second / 65536
	return rtt, rtt < time.Minute
}

// listen takes the browser's reports about one stream until it ends.
func (h *Rehearsal) listen(receiver *webrtc.RTPReceiver) {
	for {
		packets, _, err := receiver.ReadRTCP()
		if err != nil {
			return
		}
		now := time.Now()
		for _, p := range packets {
			x, ok := p.(*rtcp.ExtendedReport)
			if !ok {
				continue
			}
			for _, b := range x.Reports {
				if d, ok := b.(*rtcp.DLRRReportBlock); ok {
					h.answers(d.Reports, now)
				}
			}
		}
	}
}

// answers notes the round trips of answers to this server's questions.
func (h *Rehearsal) answers(list []rtcp.DLRRReport, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, d := range list {
		if rtt, ok := roundTrip(d, now); ok && d.SSRC == reporter && len(h.rounds) < mostRounds {
			h.rounds = append(h.rounds, rehearsal.RoundTrip{At: now.Sub(h.began), Value: rtt})
		}
	}
}

// mostRounds bounds the round trips that are kept. Chosen by us.
const mostRounds = 1000
