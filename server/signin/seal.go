package signin

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"
)

// pending is what a browser keeps while it is at the provider.
type pending struct {
	State    string    `json:"state"`
	Nonce    string    `json:"nonce"`
	Verifier string    `json:"verifier"` // of PKCE
	Until    time.Time `json:"until"`
}

// seal encrypts pending sign-ins, so that a browser can neither read nor change them.
type seal struct{ aead cipher.AEAD }

var errSeal = errors.New("expected what this server sealed")

func newSeal(secret [32]byte) (seal, error) {
	key, err := hkdf.Key(sha256.New, secret[:], nil, "examlink pending sign-in", 32)
	if err != nil {
		return seal{}, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return seal{}, err
	}
	aead, err := cipher.NewGCM(block)
	return seal{aead}, err
}

func (s seal) close(p pending) (string, error) {
	b, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	nonce := make([]byte, s.aead.NonceSize())
	_, _ = rand.Read(nonce) // crypto/rand never fails
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nonce, nonce, b, nil)), nil
}

// open returns a pending sign-in that is not over at now.
func (s seal) open(text string, now time.Time) (p pending, err error) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) < s.aead.NonceSize() {
		return p, errSeal
	}
	plain, err := s.aead.Open(nil, b[:s.aead.NonceSize()], b[s.aead.NonceSize():], nil)
	if err != nil || json.Unmarshal(plain, &p) != nil {
		return pending{}, errSeal
	}
	if !now.Before(p.Until) {
		return pending{}, errors.New("expected an answer of the provider within ten minutes")
	}
	return p, nil
}
