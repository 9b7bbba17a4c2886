package receipt

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"examlink/probe/wire"
)

// Fixed by the format.
const (
	// CountersignatureSchema names the layout of a countersignature. It changes when a
	// field is added or removed, or changes its meaning.
	CountersignatureSchema = "examlink.countersignature/1"
	// CountersignatureType is the typ of a countersignature's header. Neither statement
	// passes for the other.
	CountersignatureType = "examlink-record+jws"
)

// Countersignature is the content of the server's countersignature of a record's head:
// that the record had this line, with this hash, at this time. The server has not seen
// the lines; they are the client's word, as it was then.
//
// Client and server each make the signed bytes: the fields in this order, without white
// space, and Seen as the server wrote it.
type Countersignature struct {
	Schema  string          `json:"schema"`
	Exam    string          `json:"exam"`
	Student string          `json:"student"` // a pseudonym
	Token   string          `json:"token"`   // the join token's identifier
	Session string          `json:"session"`
	Record  Hash            `json:"record"` // of the record's first line
	Line    uint64          `json:"line"`
	Hash    Hash            `json:"hash"` // of that line
	At      time.Time       `json:"at"`   // the server's clock, when the head was in its store
	Seen    json.RawMessage `json:"seen"` // a wire.Seen: what the server itself saw of the session
}

// Hash is a SHA-256, written in hex, as in a record.
type Hash [32]byte

// MarshalText implements encoding.TextMarshaler.
func (h Hash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Hash) UnmarshalText(b []byte) error {
	if len(b) != hex.EncodedLen(len(h)) {
		return fmt.Errorf("a hash of %d characters, expected %d in hex", len(b), hex.EncodedLen(len(h)))
	}
	_, err := hex.Decode(h[:], b)
	return err
}

// SessionSeen returns what the server saw of the session.
func (c Countersignature) SessionSeen() (s wire.Seen, err error) {
	err = json.Unmarshal(c.Seen, &s)
	return s, err
}

// signed returns the bytes that are signed: header and content of the JWS.
func (c Countersignature) signed(key ed25519.PublicKey) ([]byte, error) {
	c.Schema = CountersignatureSchema
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // as other languages write JSON
	if err := e.Encode(c); err != nil {
		return nil, err
	}
	header := fmt.Appendf(nil, `{"alg":"EdDSA","kid":"%s","typ":"%s"}`, KeyID(key), CountersignatureType)
	out := base64.RawURLEncoding.AppendEncode(nil, header)
	return base64.RawURLEncoding.AppendEncode(append(out, '.'), bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}

// Signature returns the signature of a countersignature, the last part of its JWS.
func (c Countersignature) Signature(key ed25519.PrivateKey) (string, error) {
	b, err := c.signed(key.Public().(ed25519.PublicKey))
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(ed25519.Sign(key, b)), nil
}

// Compose returns the countersignature as a JWS in its compact form, from its content
// and its signature, with a key as a Welcome has it. Errors: ErrChanged if the signature is not
// that of this content.
func (c Countersignature) Compose(key, signature string) (string, error) {
	public, err := base64.RawURLEncoding.DecodeString(key)
	if err != nil || len(public) != ed25519.PublicKeySize {
		return "", errors.New("countersignature: no public key, expected one for Ed25519 in base64url")
	}
	b, err := c.signed(public)
	if err != nil {
		return "", fmt.Errorf("countersignature: %w", err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil || !ed25519.Verify(public, b, raw) {
		return "", fmt.Errorf("countersignature: %w", ErrChanged)
	}
	return string(b) + "." + signature, nil
}

// VerifyCountersignature checks that one of the keys has signed a countersignature, and
// returns its content. Errors: ErrMalformed, ErrOtherKey, ErrChanged.
func VerifyCountersignature(jws string, keys ...ed25519.PublicKey) (Countersignature, error) {
	c, err := verified[Countersignature](jws, CountersignatureType, keys)
	switch {
	case err != nil:
		return Countersignature{}, err
	case c.Schema != CountersignatureSchema:
		return Countersignature{}, fmt.Errorf("%w: schema %q, expected %q", ErrMalformed, c.Schema, CountersignatureSchema)
	}
	if _, err := c.SessionSeen(); err != nil {
		return Countersignature{}, fmt.Errorf("%w: seen: %w", ErrMalformed, err)
	}
	return c, nil
}
