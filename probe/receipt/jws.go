package receipt

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// Errors of Verify and VerifyCountersignature. They are wrapped: use errors.Is.
var (
	// ErrMalformed says that a text is no statement of the kind, or part of one.
	ErrMalformed = errors.New("not a whole signed statement of this kind")
	// ErrOtherKey says that a statement names another key than those expected.
	ErrOtherKey = errors.New("signed with another key")
	// ErrChanged says that the signature is not that of the content.
	ErrChanged = errors.New("the signature does not match: it was changed or cut")
	// ErrOther says that a receipt is genuine, but is not the one that was expected.
	ErrOther = errors.New("another receipt than expected")
)

// content makes a statement the claims of the JWT library, which has no claims of its
// own to check.
type content[T any] struct {
	jwt.MapClaims
	is T
}

// MarshalJSON implements json.Marshaler.
func (c content[T]) MarshalJSON() ([]byte, error) { return json.Marshal(c.is) }

// UnmarshalJSON implements json.Unmarshaler.
func (c *content[T]) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &c.is) }

// Sign returns a receipt as a JWS in its compact form.
func Sign(key ed25519.PrivateKey, r Receipt) (string, error) {
	r.Schema = Schema
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, content[Receipt]{is: r})
	t.Header["typ"], t.Header["kid"] = Type, KeyID(key.Public().(ed25519.PublicKey))
	return t.SignedString(key)
}

// Verify checks that one of the keys has signed a receipt, and returns its content.
// Errors: ErrMalformed, ErrOtherKey, ErrChanged.
func Verify(jws string, keys ...ed25519.PublicKey) (Receipt, error) {
	r, err := verified[Receipt](jws, Type, keys)
	if err == nil && r.Schema != Schema {
		err = fmt.Errorf("%w: schema %q, expected %q", ErrMalformed, r.Schema, Schema)
	}
	if err != nil {
		return Receipt{}, err
	}
	return r, nil
}

// verified returns the content of a JWS of a type.
func verified[T any](jws, typ string, keys []ed25519.PublicKey) (T, error) {
	var none T
	jws = strings.TrimSpace(jws)
	switch n := strings.Count(jws, ".") + 1; {
	case len(jws) > MaxLength:
		return none, fmt.Errorf("%w: %d bytes, expected at most %d", ErrMalformed, len(jws), MaxLength)
	case n != 3:
		return none, fmt.Errorf("%w: %d parts between dots, expected 3", ErrMalformed, n)
	}
	if n, whole := len(jws)-strings.LastIndex(jws, ".")-1, base64.RawURLEncoding.EncodedLen(ed25519.SignatureSize); n != whole {
		return none, fmt.Errorf("%w: a signature of %d characters, expected %d", ErrMalformed, n, whole)
	}
	var c content[T]
	p := jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), jwt.WithoutClaimsValidation(), jwt.WithStrictDecoding())
	var noKey error
	t, err := p.ParseWithClaims(jws, &c, func(t *jwt.Token) (key any, _ error) {
		key, noKey = keyOf(t, typ, keys)
		return key, noKey
	})
	switch {
	case noKey != nil:
		return none, noKey
	case err != nil && altered(t, jws, typ, keys):
		return none, ErrChanged
	case errors.Is(err, jwt.ErrTokenMalformed), errors.Is(err, jwt.ErrTokenUnverifiable):
		return none, fmt.Errorf("%w: %w", ErrMalformed, err)
	case err != nil:
		return none, ErrChanged
	}
	return c.is, nil
}

// altered says whether a JWS has a whole header and a signature of the right length, which is not
// that of its content. The JWT library reads the content first: one that was changed may be no JSON.
func altered(t *jwt.Token, jws, typ string, keys []ed25519.PublicKey) bool {
	if t == nil || t.Header == nil {
		return false
	}
	key, err := keyOf(t, typ, keys)
	if err != nil {
		return false
	}
	end := strings.LastIndex(jws, ".")
	signature, err := base64.RawURLEncoding.Strict().DecodeString(jws[end+1:])
	return err != nil || jwt.SigningMethodEdDSA.Verify(jws[:end], signature, key) != nil
}

// keyOf returns the key that the header of a JWS of a type names.
func keyOf(t *jwt.Token, typ string, keys []ed25519.PublicKey) (any, error) {
	if t.Header["typ"] != typ {
		return nil, fmt.Errorf("%w: type %q, expected %q", ErrMalformed, t.Header["typ"], typ)
	}
	kid, _ := t.Header["kid"].(string)
	i := slices.IndexFunc(keys, func(k ed25519.PublicKey) bool { return KeyID(k) == kid })
	if i < 0 {
		var ids []string
		for _, k := range keys {
			ids = append(ids, KeyID(k))
		}
		return nil, fmt.Errorf("%w: %q, expected %s", ErrOtherKey, kid, strings.Join(ids, " or "))
	}
	return keys[i], nil
}

// Expected is what a receipt should be about. Empty values expect nothing.
type Expected struct{ Exam, Student, Token string }

// Of checks that a receipt is about what is expected. The error is ErrOther and names
// each difference.
func (r Receipt) Of(x Expected) error {
	var off []string
	for _, f := range []struct{ name, has, want string }{
		{"exam", r.Exam, x.Exam}, {"student", r.Student, x.Student}, {"join token", r.Token, x.Token},
	} {
		if f.want != "" && f.has != f.want {
			off = append(off, fmt.Sprintf("%s %q, expected %q", f.name, f.has, f.want))
		}
	}
	if len(off) > 0 {
		return fmt.Errorf("%w: %s", ErrOther, strings.Join(off, "; "))
	}
	return nil
}
