package wire

import (
	"encoding/json"
	"fmt"
	"math"
)

// Watched tells a page how the watch goes that the server leads.
type Watched struct {
	State json.RawMessage `json:"state,omitempty"` // examlink.window
	// Record identifies the record that Lines are of; First is the number of the first one,
	// counted from 1. The page keeps them and says so by Present.Taken.
	Record string   `json:"record,omitempty"`
	First  uint64   `json:"first,omitempty"`
	Lines  []string `json:"lines,omitempty"`
	// Over says in words why the watch is over; empty: it is not.
	Over string `json:"over,omitempty"`
}

// Why is why a page was away.
type Why string

// The reasons, as far as a page can tell.
const (
	WhyAsleep  Why = "asleep"  // its computer was
	WhyPaused  Why = "paused"  // the browser stopped its scripts
	WhyClosed  Why = "closed"  // it was closed, loaded anew, or discarded
	WhyOffline Why = "offline" // its computer had no network
)

// Fixed by PROTOCOL.md.
const (
	// MaxAbsences bounds the absences of one Present.
	MaxAbsences = 16
	// MaxAgo bounds how long before a message an absence began, in seconds.
	MaxAgo = 24 * 60 * 60
)

// Away is a time in which a page could not answer, in seconds before the message.
type Away struct {
	Why  Why     `json:"why"`
	From float64 `json:"from_seconds_ago"`
	To   float64 `json:"to_seconds_ago"`
}

// Present is what a page has of its watch. It is the first message after the welcome, and
// follows whenever something in it is new.
type Present struct {
	After  int    `json:"after"`            // number of the last point that it shows
	Record string `json:"record,omitempty"` // the record whose lines it keeps ...
	Taken  uint64 `json:"taken,omitempty"`  // ... and how many of them, without a gap
	Away   []Away `json:"away,omitempty"`   // since the last message
}

// Validate checks the bounds.
func (p Present) Validate() error {
	if p.After < 0 {
		return fmt.Errorf("present: after %d, expected the number of a point", p.After)
	}
	if len(p.Away) > MaxAbsences {
		return fmt.Errorf("present: %d absences, expected at most %d", len(p.Away), MaxAbsences)
	}
	for _, a := range p.Away {
		switch a.Why {
		case WhyAsleep, WhyPaused, WhyClosed, WhyOffline:
		default:
			return fmt.Errorf("present: away because of %q, expected asleep, paused, closed or offline", a.Why)
		}
		if math.IsNaN(a.From) || !(a.To >= 0 && a.To <= a.From && a.From <= MaxAgo) {
			return fmt.Errorf("present: away from %g to %g s ago, expected %d >= from >= to >= 0", a.From, a.To, MaxAgo)
		}
	}
	return nil
}
