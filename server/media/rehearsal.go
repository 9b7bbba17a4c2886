package media

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"examlink/probe/rehearsal"
)

// Chosen by us.
const (
	gone        = 5 * time.Second  // without a packet, the page has gone
	keepAlive   = 2 * time.Second  // between questions to an address that has proved itself
	connectTime = 10 * time.Second // from the answer to the first packet of a picture
	repairEvery = 20 * time.Millisecond
	askAgain    = time.Second // between two requests for a key picture
	settling    = 300 * time.Millisecond
)

// Request is what a page wants to send.
type Request struct {
	Key       string // of whoever asks, who has one rehearsal at a time
	Offer     string // SDP
	Streams   map[string]rehearsal.Kind
	Addresses []netip.AddrPort // at which the page reaches this server
	Plan      rehearsal.Plan
}

// ErrUnconnected is returned where nothing arrived.
var ErrUnconnected = errors.New("no picture arrived")

// Rehearsal is one that has begun. Its methods are for one goroutine.
type Rehearsal struct {
	r       *Receiver
	request Request
	pc      *webrtc.PeerConnection
	answer  string
	leave   func()
	began   time.Time
	outcome Outcome

	mu     sync.Mutex
	traces map[rehearsal.Kind]*rehearsal.Trace
	tracks map[rehearsal.Kind]webrtc.SSRC
	rounds []rehearsal.RoundTrip
	first  chan struct{} // closed with the first packet
	over   bool          // packets are not taken any more
	wg     sync.WaitGroup
}

// Begin answers a page's offer. Whoever begins a rehearsal closes it.
func (r *Receiver) Begin(ctx context.Context, q Request) (*Rehearsal, error) {
	offer, err := accepted(q.Offer)
	if err != nil {
		return nil, err
	}
	api, leave, err := r.place(q.Key)
	if err != nil {
		return nil, err
	}
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		leave()
		return nil, fmt.Errorf("media: %w", err)
	}
	h := &Rehearsal{
		r: r, request: q, pc: pc, leave: leave, began: time.Now(), outcome: Cut, first: make(chan struct{}),
		traces: map[rehearsal.Kind]*rehearsal.Trace{}, tracks: map[rehearsal.Kind]webrtc.SSRC{},
	}
	for _, k := range q.Streams {
		h.traces[k] = &rehearsal.Trace{}
	}
	pc.OnTrack(h.receive)
	if err := h.negotiate(ctx, offer); err != nil {
		h.outcome = "" // it has not begun
		h.Close()
		return nil, err
	}
	return h, nil
}

// negotiate makes the answer.
func (h *Rehearsal) negotiate(ctx context.Context, offer string) error {
	if err := h.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		return fmt.Errorf("%w is not accepted: %w", ErrOffer, err)
	}
	answer, err := h.pc.CreateAnswer(nil)
	if err != nil {
		return fmt.Errorf("%w is not accepted: %w", ErrOffer, err)
	}
	gathered := webrtc.GatheringCompletePromise(h.pc)
	if err := h.pc.SetLocalDescription(answer); err != nil {
		return fmt.Errorf("%w is not accepted: %w", ErrOffer, err)
	}
	select {
	case <-gathered:
	case <-ctx.Done():
		return ctx.Err()
	}
	h.answer = addressed(h.pc.LocalDescription().SDP, h.request.Addresses)
	return nil
}

// Answer returns the answer to the page's offer, SDP.
func (h *Rehearsal) Answer() string { return h.answer }

// Run receives for the time of the plan, from the first packet on. second is called after
// each second with what arrived in it.
func (h *Rehearsal) Run(ctx context.Context, second func([]rehearsal.Figures)) error {
	connect := time.NewTimer(connectTime)
	defer connect.Stop()
	select {
	case <-h.first:
	case <-connect.C:
		h.outcome = Unconnected
		return ErrUnconnected
	case <-ctx.Done():
		return ctx.Err()
	}
	began, _ := h.span()
	repairs, stop := context.WithCancel(ctx)
	defer stop()
	h.wg.Go(func() { h.repair(repairs) }) // ends with Run
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for n := time.Duration(1); n*time.Second <= h.request.Plan.Time; n++ {
		h.ask()
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		second(h.figures(began+(n-1)*time.Second, began+n*time.Second))
	}
	h.outcome = Complete
	return nil
}

// figures returns what arrived from one time to another.
func (h *Rehearsal) figures(from, to time.Duration) (list []rehearsal.Figures) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, k := range []rehearsal.Kind{rehearsal.Webcam, rehearsal.Screen} {
		if t := h.traces[k]; t != nil {
			list = append(list, t.Figures(k, from, to))
		}
	}
	return list
}

// span returns when the first packet arrived, and the time now.
func (h *Rehearsal) span() (began, now time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now = time.Since(h.began)
	began = now
	for _, t := range h.traces {
		if at, ok := t.Began(); ok {
			began = min(began, at)
		}
	}
	return began, now
}

// repair asks the browser for lost packets, until ctx ends.
func (h *Rehearsal) repair(ctx context.Context) {
	tick := time.NewTicker(repairEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		var packets []rtcp.Packet
		h.mu.Lock()
		for k, ssrc := range h.tracks {
			if list := h.traces[k].Ask(time.Since(h.began)); len(list) > 0 {
				packets = append(packets, &rtcp.TransportLayerNack{SenderSSRC: reporter, MediaSSRC: uint32(ssrc), Nacks: rtcp.NackPairsFromSequenceNumbers(list)})
			}
		}
		h.mu.Unlock()
		if len(packets) > 0 {
			_ = h.pc.WriteRTCP(packets) // a connection that is gone is seen elsewhere
		}
	}
}

// ask asks the browser for a key picture of each stream that cannot be decoded without one,
// and for the round trip.
func (h *Rehearsal) ask() {
	h.mu.Lock()
	now := time.Since(h.began)
	var packets []rtcp.Packet
	for k, ssrc := range h.tracks {
		if h.traces[k].Broken(now, askAgain) {
			packets = append(packets, &rtcp.PictureLossIndication{MediaSSRC: uint32(ssrc)})
		}
	}
	h.mu.Unlock()
	_ = h.pc.WriteRTCP(append(packets, roundTripQuestion(time.Now())...)) // a connection that is gone is seen elsewhere
}

// Settle waits for packets that are on their way.
func (h *Rehearsal) Settle(ctx context.Context) {
	t := time.NewTimer(settling)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// Close ends the connection. It returns when nothing is received any more.
func (h *Rehearsal) Close() {
	h.mu.Lock()
	was := h.over
	h.over = true
	h.mu.Unlock()
	if was {
		return
	}
	_ = h.pc.GracefulClose() // nobody else uses it
	h.wg.Wait()
	if h.outcome != "" {
		h.r.metrics.ended.WithLabelValues(string(h.outcome)).Inc()
	}
	h.leave()
}

// Evidence returns what arrived. Nothing is added to it after Close.
func (h *Rehearsal) Evidence() rehearsal.Evidence {
	began, _ := h.span()
	h.mu.Lock()
	defer h.mu.Unlock()
	return rehearsal.Evidence{Streams: h.traces, Began: began, Ended: began + h.request.Plan.Time, RoundTrips: h.rounds}
}
