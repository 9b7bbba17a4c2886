package acme

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"

	"examlink/server/store"
)

// shelf keeps values in the store, sealed: who has a copy of the store, but not the
// servers' secret, learns no private key from it.
type shelf struct {
	values store.Values
	aead   cipher.AEAD
}

func newShelf(values store.Values, key [32]byte) (shelf, error) {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return shelf{}, err
	}
	aead, err := cipher.NewGCM(block)
	return shelf{values, aead}, err
}

// get reads a value and its version; version 0: there is none.
func (s shelf) get(ctx context.Context, name string, into any) (version uint64, err error) {
	v, err := s.values.Get(ctx, name)
	switch n := s.aead.NonceSize(); {
	case errors.Is(err, store.ErrNotFound):
		return 0, nil
	case err != nil:
		return 0, err
	case len(v.Body) < n:
		err = errors.New("expected a sealed value")
	default:
		var plain []byte
		if plain, err = s.aead.Open(nil, v.Body[:n], v.Body[n:], []byte(name)); err == nil {
			err = json.Unmarshal(plain, into)
		}
	}
	if err != nil {
		return 0, fmt.Errorf("%s in the store: damaged: %w", name, err)
	}
	return v.Version, nil
}

// put replaces a version of a value and returns the next one. Errors: store.ErrConflict
// when another version is there.
func (s shelf) put(ctx context.Context, name string, from any, over uint64) (version uint64, err error) {
	plain, err := json.Marshal(from)
	if err != nil {
		return 0, err
	}
	nonce := make([]byte, s.aead.NonceSize())
	_, _ = rand.Read(nonce) // crypto/rand never fails
	return s.values.Put(ctx, name, s.aead.Seal(nonce, nonce, plain, []byte(name)), over)
}
