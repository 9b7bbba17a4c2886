package wire

import (
	"encoding/json"
	"time"
)

// Report carries the student's figures to the server. They are claims: the
// server keeps them apart from its own measurements.
type Report struct {
	Origin   string          `json:"origin"` // namespace of Number, drawn at random
	Number   uint64          `json:"number"` // from 1, rising; numbers may be skipped
	At       time.Time       `json:"at"`     // the student's wall clock
	Kind     ReportKind      `json:"kind"`
	Contents json.RawMessage `json:"contents,omitempty"`
	// Head is the head of the student's record; nil: none. A student sends one only to
	// a server whose Welcome has a HeadKey.
	Head *Head `json:"head,omitempty"`
}

// ReportKind determines the contents of a report.
type ReportKind string

// The kinds.
const (
	ReportWarning ReportKind = "warning" // the current state of a warning
	ReportMinute  ReportKind = "minute"  // the figures of about a minute
	ReportDropped ReportKind = "dropped" // reports dropped for lack of room: Dropped
	ReportVerdict ReportKind = "verdict" // the verdict of a check
	ReportHead    ReportKind = "head"    // nothing but the head of the record
)

// ReportKinds lists every kind.
func ReportKinds() []ReportKind {
	return []ReportKind{ReportWarning, ReportMinute, ReportDropped, ReportVerdict, ReportHead}
}

// Dropped counts, by kind, the reports of an origin dropped so far for lack of
// room.
type Dropped struct {
	Minutes  uint64 `json:"minutes"`
	Warnings uint64 `json:"warnings"`
}

// Reported acknowledges a report: the student may forget it and all of its
// origin with lower numbers.
type Reported struct {
	Number uint64 `json:"number"`
	// Receipt is the receipt of a check, a JWS, in the answer to its verdict; empty:
	// the server issues none.
	Receipt string `json:"receipt,omitempty"`
	// Head answers the head that came with the report; nil: there was none, or the
	// server could not keep it yet.
	Head *Countersigned `json:"head,omitempty"`
}
