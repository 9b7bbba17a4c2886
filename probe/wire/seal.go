package wire

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"slices"
)

// Fixed by PROTOCOL.md.
const (
	// ExporterLabel is the label under which both ends export the flow's keys
	// from the TLS session of the QUIC connection (RFC 8446, section 7.5). The
	// context is the flow identifier, four bytes, big-endian.
	ExporterLabel = "EXPORTER-examlink-probe-2"
	// KeySize is the length of one direction's AES-128-GCM key.
	KeySize = 16
	// ExporterSize is the exported length: the student's key, then the server's.
	ExporterSize = 2 * KeySize

	nonceSize = 12
)

// ExporterContext returns the TLS exporter context of a flow.
func ExporterContext(f FlowID) []byte { return binary.BigEndian.AppendUint32(nil, uint32(f)) }

// Cipher seals or opens the packets of one direction of one flow. It is not
// safe for concurrent use, because it reuses its nonce buffer.
type Cipher struct {
	aead  cipher.AEAD
	nonce [nonceSize]byte
}

// NewCipher makes the cipher of one direction from its KeySize-byte key.
func NewCipher(key []byte) (*Cipher, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("probe key of %d bytes, expected %d", len(key), KeySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return &Cipher{aead: aead}, nil
}

func (c *Cipher) nonceOf(h Header) []byte {
	c.nonce[0] = byte(h.Kind)
	binary.BigEndian.PutUint64(c.nonce[4:], uint64(h.Seq))
	return c.nonce[:]
}

// Seal encrypts a packet in place. b holds header and body; the result is b
// padded with zeros to size minus the tag, sealed, with the tag appended. If b
// has no capacity for size bytes, it is reallocated. A (Kind, Seq) pair must
// never be sealed twice under one key.
func (c *Cipher) Seal(b []byte, size int) ([]byte, error) {
	if len(b) < HeaderSize || len(b) > size-TagSize {
		return nil, ErrShort
	}
	if most := Kind(b[0]).maxSize(); size < MinPacketSize || size > most {
		return nil, fmt.Errorf("packet size %d outside %d to %d", size, MinPacketSize, most)
	}
	h := Header{Kind: Kind(b[0]), Seq: Seq(binary.BigEndian.Uint64(b[8:]))}
	n := len(b)
	b = slices.Grow(b, size-n)[:size-TagSize]
	clear(b[n:])
	return c.aead.Seal(b[:HeaderSize], c.nonceOf(h), b[HeaderSize:], b[:HeaderSize]), nil
}

// Open authenticates a packet and decrypts its body in place. h must be the
// header that ParseHeader read from the same packet.
func (c *Cipher) Open(h Header, b []byte) ([]byte, error) {
	if len(b) < MinPacketSize {
		return nil, ErrShort
	}
	body, err := c.aead.Open(b[HeaderSize:HeaderSize], c.nonceOf(h), b[HeaderSize:], b[:HeaderSize])
	if err != nil {
		return nil, ErrAuth
	}
	return body, nil
}
