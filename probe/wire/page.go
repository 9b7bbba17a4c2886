package wire

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// Without is why a page does not use WebTransport.
type Without string

// The reasons.
const (
	WithoutSupport Without = "unsupported" // the browser has none
	WithoutAnswer  Without = "failed"      // it did not open, as where UDP is blocked
)

// PurposeEquipment is the purpose of a page that has its equipment judged: no session is
// opened.
const PurposeEquipment = "equipment"

// Fixed by PROTOCOL.md.
const (
	// MaxArrivals bounds the packets of one Arrivals.
	MaxArrivals = 4096
	// NoArrival stands for a packet that has not arrived.
	NoArrival = math.MaxUint32
)

// Arrivals is a page's account of the packets of a train, since it does not estimate by
// itself: when they arrived or, of a train going up, when they left the browser, whose
// congestion control may have held them back.
type Arrivals struct {
	Train TrainID `json:"train"`
	Now   int64   `json:"now"`   // the page's clock when this was written, microseconds
	First uint32  `json:"first"` // index of the first packet in At
	// At holds times by the page's clock, in microseconds before Now, one for each index
	// from First on; NoArrival: there is none.
	At []uint32 `json:"at,omitempty"`
	// Ended says that the train's end has arrived or, of a train going up, was sent.
	Ended bool `json:"ended,omitempty"`
}

// Validate checks the bounds.
func (a Arrivals) Validate() error {
	if len(a.At) > MaxArrivals {
		return fmt.Errorf("arrivals of %d packets, expected at most %d", len(a.At), MaxArrivals)
	}
	if a.Now < 0 || a.Now > math.MaxInt64/int64(time.Microsecond) {
		return fmt.Errorf("arrivals at %d microseconds, expected a time by the page's clock", a.Now)
	}
	return nil
}

// PageLag returns how late a page was when it handled the probe that it answers with the
// echo of this body, or shortly before: its stamps may be late by as much.
func PageLag(body []byte) time.Duration {
	if len(body) < bodySize+4 {
		return 0
	}
	return time.Duration(binary.BigEndian.Uint32(body[bodySize:])) * time.Microsecond
}

// Progress tells a page how far the check is that the server leads; Checked is its end.
type Progress struct {
	Phase     string          `json:"phase"`
	Step      int             `json:"step"`
	Of        int             `json:"of"`
	Remaining float64         `json:"remaining_seconds"`
	Done      string          `json:"done,omitempty"`
	Report    json.RawMessage `json:"report,omitempty"` // examlink.check report; the check is over
	Failed    string          `json:"failed,omitempty"` // why nothing could be measured
}

// Equipment asks what an exam makes of a computer and its devices, by Facts, and answers,
// by Judgement.
type Equipment struct {
	Facts     json.RawMessage `json:"facts,omitempty"`     // examlink.equipment-facts
	Judgement json.RawMessage `json:"judgement,omitempty"` // examlink.equipment-judgement
}
