package view

import (
	"time"

	"examlink/probe/history"
	"examlink/probe/ippm"
)

// Schema names the layout of State in JSON.
const Schema = "examlink.window/1"

// State is what the page shows. Rates are bit/s at the IP layer; nil: not known.
type State struct {
	Schema string    `json:"schema"`
	At     time.Time `json:"at"` // by the clock of the watch
	Exam   Exam      `json:"exam"`
	Link   LinkNow   `json:"link"`
	Server Server    `json:"server"`

	Minimum     Bounds `json:"minimum"`
	Recommended Bounds `json:"recommended"`
	// Warnings lists the active ones, then those that are over, the latest first.
	Warnings []Warning `json:"warnings"`
	// Last is the number of the last point there is. Points are those after the number
	// that was asked for.
	Last   int          `json:"last_point"`
	Rates  []RatePoint  `json:"rates"`
	Delays []DelayPoint `json:"delays"`
	// Record is the name of the record's file; empty: none.
	Record string `json:"record"`
	// Checks are the last ones on this computer, the oldest first.
	Checks     []history.Check   `json:"checks"`
	Compared   int               `json:"compared"` // of the checks, by time of day
	TimesOfDay []history.Finding `json:"times_of_day"`
}

// Exam is the exam that is watched for.
type Exam struct {
	Name   string    `json:"name"`
	Begins time.Time `json:"begins,omitzero"` // zero: not known
	Ends   time.Time `json:"ends,omitzero"`
	Left   string    `json:"left"` // time left in it or before it, in words; empty: not known
}

// LinkNow is the state of the link in one line.
type LinkNow struct {
	Condition Condition     `json:"condition"` // as in examlink.watch-event/1
	Word      string        `json:"word"`
	Line      string        `json:"line"`
	Download  ippm.Interval `json:"download"` // as last tested
	Upload    ippm.Interval `json:"upload"`
	RoundTrip *float64      `json:"round_trip_delay_seconds"`
}

// Server is the server that is measured against.
type Server struct {
	Name      string `json:"name"`
	Transport string `json:"transport"` // empty: not connected yet
	Policy    string `json:"policy"`    // name and version; empty: not known yet
}

// Bounds are rates that a policy demands; nil: none, or not known yet.
type Bounds struct {
	Download *float64 `json:"download_bits_per_second"`
	Upload   *float64 `json:"upload_bits_per_second"`
}

// Warning is a warning in the words that the program prints.
type Warning struct {
	ID      int       `json:"id"`
	Kind    string    `json:"kind"`
	Active  bool      `json:"active"`
	Gap     bool      `json:"gap"` // nothing was measured meanwhile
	From    time.Time `json:"from"`
	To      time.Time `json:"to,omitzero"` // zero: active, or not known
	Title   string    `json:"title"`
	Seen    string    `json:"seen,omitempty"`
	Cause   string    `json:"cause,omitempty"`
	Meaning string    `json:"meaning,omitempty"`
	Remedy  string    `json:"remedy,omitempty"`
}

// RatePoint is the result of a test of the minimum in one direction.
type RatePoint struct {
	Number    int           `json:"number"`
	At        time.Time     `json:"at"`
	Direction string        `json:"direction"` // download, upload
	Rate      ippm.Interval `json:"rate"`
	Below     bool          `json:"below_minimum"`
}

// DelayPoint is what the monitor stream showed in one window of a few seconds.
type DelayPoint struct {
	Number      int       `json:"number"`
	From        time.Time `json:"from"`
	To          time.Time `json:"to"`
	RoundTrip   *float64  `json:"round_trip_delay_seconds"`     // median
	RoundTrip95 *float64  `json:"round_trip_delay_p95_seconds"` // of 100, 95 are shorter
	// LostShare is the share of packets lost outside interruptions; nil: nothing was
	// sent, or the transport hides it.
	LostShare *float64 `json:"lost_share"`
}
