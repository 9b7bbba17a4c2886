// Package receipt holds the server's signed statements, each a JWS (RFC 7515) with
// Ed25519 (RFC 8037): the receipt of a check, and the countersignature of a record's
// head. It knows their content, their signing, and their verification without a server.
//
// What the client claims and what the server saw itself are apart in them. The package
// does not know where statements are kept, and it does not judge.
package receipt

import (
	"time"

	"examlink/probe/ippm"
	"examlink/probe/verdict"
)

// Fixed by the format.
const (
	// Schema names the layout of a receipt. It changes when a field is removed or
	// changes its meaning.
	Schema = "examlink.receipt/1"
	// Type is the typ of a receipt's header.
	Type = "examlink-receipt+jws"
	// MaxLength bounds a receipt, in bytes.
	MaxLength = 64 << 10
)

// Receipt is the content of a receipt. Times are the server's clock, except for those in
// Claimed.
type Receipt struct {
	Schema  string    `json:"schema"`
	ID      string    `json:"id"`
	Exam    string    `json:"exam"`
	Student string    `json:"student"` // a pseudonym
	Token   string    `json:"token"`   // the join token's identifier
	Session string    `json:"session"`
	Opened  time.Time `json:"opened"` // when the check connected
	Issued  time.Time `json:"issued"` // when the server had its verdict
	// Starts, Ends and Zone are the exam's window, as the join token has it; zero: not
	// known.
	Starts time.Time `json:"exam_starts,omitzero"`
	Ends   time.Time `json:"exam_ends,omitzero"`
	Zone   string    `json:"exam_zone,omitempty"`
	// Outcome is the server's: Seen.Judged.Outcome.
	Outcome verdict.Outcome `json:"outcome"`
	Seen    Seen            `json:"seen"`
	Claimed Claimed         `json:"claimed"`
}

// Seen is what the server saw itself.
type Seen struct {
	Server    string          `json:"server"`    // its version
	Transport string          `json:"transport"` // udp, websocket
	Upload    *ippm.Interval  `json:"upload"`    // its latest reading, IP-layer bit/s; nil: none
	Probes    uint64          `json:"probes"`    // packets of the monitor stream that arrived
	Judged    verdict.Summary `json:"judged"`    // by the exam's policy, with the client's claims where the server cannot see
}

// Claimed is what the client says.
type Claimed struct {
	Client  string            `json:"client"` // its version
	System  string            `json:"system"`
	At      time.Time         `json:"at"` // by the client's clock
	Verdict verdict.Statement `json:"verdict"`
}
