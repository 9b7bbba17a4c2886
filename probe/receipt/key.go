package receipt

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
)

// KeyID returns the identifier of a public key: its JWK thumbprint (RFC 7638, RFC 8037).
func KeyID(key ed25519.PublicKey) string {
	sum := sha256.Sum256(fmt.Appendf(nil, `{"crv":"Ed25519","kty":"OKP","x":"%s"}`, base64.RawURLEncoding.EncodeToString(key)))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// FormatKey returns a public key as PEM, for ParseKeys and for other programs.
func FormatKey(key ed25519.PublicKey) []byte {
	der, _ := x509.MarshalPKIXPublicKey(key) // never fails for this type
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// jwk is a public key as JSON (RFC 8037, section 2), or a set of them.
type jwk struct {
	Kty  string `json:"kty"`
	Crv  string `json:"crv"`
	X    string `json:"x"`
	Keys []jwk  `json:"keys"`
}

// ParseKeys reads public keys: one or more in PEM, or a JWK or a set of JWKs.
func ParseKeys(text []byte) (keys []ed25519.PublicKey, err error) {
	if text = bytes.TrimSpace(text); bytes.HasPrefix(text, []byte("{")) {
		return parseJWK(text)
	}
	for rest := text; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		k, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("public key: %w", err)
		}
		key, ok := k.(ed25519.PublicKey)
		if !ok {
			return nil, fmt.Errorf("public key: %T, expected one for Ed25519", k)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, errors.New("public key: none found, expected PEM with PUBLIC KEY, or a JWK")
	}
	return keys, nil
}

func parseJWK(text []byte) (keys []ed25519.PublicKey, err error) {
	var set jwk
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fmt.Errorf("public key: %w", err)
	}
	if set.Keys == nil {
		set.Keys = []jwk{set}
	}
	for _, k := range set.Keys {
		x, err := base64.RawURLEncoding.DecodeString(k.X)
		if err != nil || k.Kty != "OKP" || k.Crv != "Ed25519" || len(x) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("public key: kty %q, crv %q and %d bytes, expected OKP, Ed25519 and %d", k.Kty, k.Crv, len(x), ed25519.PublicKeySize)
		}
		keys = append(keys, x)
	}
	return keys, nil
}
