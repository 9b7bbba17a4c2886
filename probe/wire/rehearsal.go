package wire

import (
	"encoding/json"
	"fmt"
	"net"
)

// Fixed by PROTOCOL.md.
const (
	// MaxOffer bounds the offer of a page, in bytes of SDP.
	MaxOffer = 16 << 10
	// MaxStreams bounds the streams of a rehearsal.
	MaxStreams = 2
)

// Rehearse asks a server to receive a webcam and a screen by WebRTC for some seconds. It is
// the first message of a connection, which opens no session.
type Rehearse struct {
	Token string `json:"token"` // the join token
	// Server is the page's own address, host:port: where its browser reaches the server.
	Server  string            `json:"server"`
	Offer   string            `json:"offer"`   // SDP
	Streams []RehearsalStream `json:"streams"` // of the offer
}

// RehearsalStream says what a stream of an offer shows.
type RehearsalStream struct {
	MID  string `json:"mid"`  // its name in the offer (RFC 5888)
	Kind string `json:"kind"` // "webcam" or "screen"
}

// Validate checks the bounds.
func (r Rehearse) Validate() error {
	if len(r.Offer) == 0 || len(r.Offer) > MaxOffer {
		return fmt.Errorf("an offer of %d bytes, expected 1 to %d", len(r.Offer), MaxOffer)
	}
	if len(r.Streams) == 0 || len(r.Streams) > MaxStreams {
		return fmt.Errorf("%d streams, expected 1 to %d", len(r.Streams), MaxStreams)
	}
	if host, port, err := net.SplitHostPort(r.Server); err != nil || host == "" || port == "" {
		return fmt.Errorf("the page is at %.100q, expected host:port", r.Server)
	}
	return nil
}

// Rehearsal tells a page of its rehearsal. One of its fields is set, and Plan with Answer.
type Rehearsal struct {
	Answer string          `json:"answer,omitempty"` // SDP
	Plan   json.RawMessage `json:"plan,omitempty"`   // what to send
	Second json.RawMessage `json:"second,omitempty"` // what arrived in the last second
	Over   bool            `json:"over,omitempty"`   // the time is up: stop, and say what the browser counted
	Result json.RawMessage `json:"result,omitempty"` // examlink.rehearsal
	Failed RehearsalFailed `json:"failed,omitempty"` // why there is no result
}

// RehearsalFailed is why a rehearsal has no result.
type RehearsalFailed string

// The reasons.
const (
	RehearsalUnconnected RehearsalFailed = "unconnected" // nothing arrived by WebRTC, as where UDP is blocked
	RehearsalCut         RehearsalFailed = "cut"         // the server could not go on
)
