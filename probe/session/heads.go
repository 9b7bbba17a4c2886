package session

import (
	"context"
	"crypto/rand"
	"sync/atomic"
	"time"

	"examlink/probe/wire"
)

// headEvery is the least time between two reports that bring a head: reports that waited
// for an outage to end come many at a time. Chosen by us.
const headEvery = 30 * time.Second

// HeadAnswer is the server's answer to a head of the record.
type HeadAnswer struct {
	Session string // that reported it
	Key     string // with which the server signs, Welcome.HeadKey
	Head    wire.Head
	wire.Countersigned
}

// heads sends the record's head to the server, with the minutes that are reported
// anyway. The zero value is ready.
type heads struct {
	latest  atomic.Pointer[wire.Head] // nil: there is no record
	answers chan HeadAnswer           // nil: not started

	// Of the one goroutine that delivers.
	sent   time.Duration // when a report last brought a head
	signed uint64        // the last line that the server countersigned
}

// SetHead sets the head that the next minute brings.
func (c *ReportSender) SetHead(h wire.Head) { c.heads.latest.Store(&h) }

// Answers returns the channel of the server's answers to heads; nil before Start.
func (c *ReportSender) Answers() <-chan HeadAnswer { return c.heads.answers }

// attach adds the head to a report if it is time for one.
func (h *heads) attach(s Carrier, r *wire.Report) {
	head, now := h.latest.Load(), s.Now()
	if _, key := s.Countersigner(); r.Kind != wire.ReportMinute || key == "" || head == nil || head.Line <= h.signed || h.sent != 0 && now-h.sent < headEvery {
		return
	}
	r.Head, h.sent = head, now
}

// answered passes the answer to a head on. It does not block.
func (h *heads) answered(s Carrier, r wire.Report, answer wire.Reported) {
	if r.Head == nil || answer.Head == nil {
		return
	}
	if answer.Head.Refused == "" {
		h.signed = r.Head.Line
	}
	select {
	case h.answers <- answerOf(s, *r.Head, *answer.Head):
	default: // the loop is late; the next head covers this one
	}
}

func answerOf(s Carrier, h wire.Head, c wire.Countersigned) HeadAnswer {
	session, key := s.Countersigner()
	return HeadAnswer{Session: session, Key: key, Head: h, Countersigned: c}
}

// ReportHead sends a head in a report of its own, at a time by the wall clock, and waits
// for the server's answer; false if there is none.
func ReportHead(ctx context.Context, s Carrier, h wire.Head, at time.Time) (a HeadAnswer, ok bool) {
	if _, key := s.Countersigner(); key == "" {
		return a, false
	}
	r := wire.Report{Origin: rand.Text(), Number: 1, At: at.Round(0), Kind: wire.ReportHead, Head: &h}
	answer, _, err := s.Report(ctx, r)
	if err != nil || answer.Head == nil {
		return a, false
	}
	return answerOf(s, h, *answer.Head), true
}
