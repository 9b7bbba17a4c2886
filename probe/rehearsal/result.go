package rehearsal

import (
	"time"

	"examlink/probe/equipment"
)

// Schema names the JSON of a Result.
const Schema = "examlink.rehearsal/1"

// Result is what came of a rehearsal.
type Result struct {
	Schema string  `json:"schema"`
	Time   float64 `json:"duration_seconds"` // from the first packet to the end
	Judged float64 `json:"judged_seconds"`   // of them: the last part, which Received is about
	// Received is what arrived, by the server's count; Browser what the page told.
	Received []Figures `json:"received"`
	Browser  *Browser  `json:"browser,omitempty"`
	// RoundTrip is the median that the server measured by RTCP; absent: the browser gave no
	// answers that measure it.
	RoundTrip *float64  `json:"round_trip_seconds,omitempty"`
	Findings  []Finding `json:"findings"`
}

// ID names a finding. It stays the same from version to version.
type ID string

// The findings, in their order.
const (
	IDArrival   ID = "arrival"
	IDWebcam    ID = "webcam"
	IDFreezes   ID = "freezes"
	IDScreen    ID = "screen"
	IDRate      ID = "rate"
	IDLoss      ID = "loss"
	IDRoundTrip ID = "round-trip"
	IDBothEnds  ID = "both-ends"
)

// Finding is one result in words.
type Finding struct {
	ID       ID               `json:"id"`
	Status   equipment.Status `json:"status"`
	Sentence string           `json:"sentence"`
	Remedy   string           `json:"remedy,omitempty"`
}

// Evidence is what a rehearsal is judged by.
type Evidence struct {
	Streams map[Kind]*Trace // those that the page announced
	// Began is when the first packet arrived, and Ended when the rehearsal did, by the clock
	// of the packets.
	Began, Ended time.Duration
	RoundTrips   []RoundTrip // by the server, in their order
	Browser      *Browser    // nil: it told nothing
}

// RoundTrip is one measurement of the round trip.
type RoundTrip struct {
	At    time.Duration
	Value time.Duration
}
