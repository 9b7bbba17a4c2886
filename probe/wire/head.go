package wire

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
)

// Digest is a SHA-256, written in base64url without padding.
type Digest [32]byte

// MarshalText implements encoding.TextMarshaler.
func (d Digest) MarshalText() ([]byte, error) {
	return base64.RawURLEncoding.AppendEncode(nil, d[:]), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Digest) UnmarshalText(b []byte) error {
	if want := base64.RawURLEncoding.EncodedLen(len(d)); len(b) != want {
		return fmt.Errorf("a digest of %d characters, expected %d in base64url", len(b), want)
	}
	_, err := base64.RawURLEncoding.Decode(d[:], b)
	return err
}

// Head is how far a student's record has come. Since each line of a record holds the
// hash of the line before, it covers all lines up to its own.
type Head struct {
	Record Digest `json:"record"` // hash of the record's first line, which identifies the record
	Line   uint64 `json:"line"`   // from 1
	Hash   Digest `json:"hash"`   // of that line
}

// Countersigned answers a Head: the server's part of its countersignature, or the
// reason why there is none. The student knows the rest; PROTOCOL.md defines the whole.
type Countersigned struct {
	At time.Time `json:"at,omitzero"` // the server's clock
	// Seen is a Seen as the server wrote it: the signature is over these bytes.
	Seen      json.RawMessage `json:"seen,omitempty"`
	Signature string          `json:"signature,omitempty"` // base64url
	Refused   string          `json:"refused,omitempty"`   // words for a person; empty: it is signed
}

// Seen is what the server itself saw of a session since it took the session up.
type Seen struct {
	Server    string    `json:"server"`         // its version
	Transport string    `json:"transport"`      // udp, websocket
	State     string    `json:"state"`          // by the server's own timers
	Probes    uint64    `json:"probes"`         // packets of the monitor stream that arrived and were reflected
	First     time.Time `json:"first,omitzero"` // when the first authentic packet arrived; zero: none yet
	Last      time.Time `json:"last,omitzero"`  // when the last one arrived
}
