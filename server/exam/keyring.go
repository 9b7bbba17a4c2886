package exam

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"github.com/golang-jwt/jwt/v5"
)

// keyIDLength is that of a key's identifier, in characters. Chosen by us.
const keyIDLength = 12

// KeyID names a key that signs join tokens: the beginning of the SHA-256 of its
// public part, base64url.
func KeyID(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return base64.RawURLEncoding.EncodeToString(sum[:])[:keyIDLength]
}

// keyFor finds the keys that may have signed a token: the one that its header names,
// or any if it names none, as tokens did before there were several keys.
func keyFor(keys []ed25519.PublicKey, t *jwt.Token) (any, error) {
	id, named := t.Header["kid"].(string)
	var set jwt.VerificationKeySet
	for _, k := range keys {
		if !named || KeyID(k) == id {
			set.Keys = append(set.Keys, k)
		}
	}
	if len(set.Keys) == 0 {
		return nil, fmt.Errorf("key %q is unknown", id)
	}
	return set, nil
}
