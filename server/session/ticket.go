package session

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
)

// Derive derives a key for one purpose from a server's secret.
func Derive(secret [32]byte, purpose string) (key [32]byte) {
	m := hmac.New(sha256.New, secret[:])
	m.Write([]byte(purpose))
	return [32]byte(m.Sum(nil))
}

// ticket returns a ticket with which the holder of a join token can resume a
// session, even after a restart of the server.
func ticket(secret [32]byte, session, token string) string {
	key := Derive(secret, "resume ticket")
	m := hmac.New(sha256.New, key[:])
	m.Write([]byte(session + "\x00" + token))
	return session + "." + base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// redeem returns the session of a ticket; false if the ticket is not authentic
// or belongs to another join token.
func redeem(secret [32]byte, given, token string) (session string, ok bool) {
	session, _, found := strings.Cut(given, ".")
	if !found || session == "" || !hmac.Equal([]byte(given), []byte(ticket(secret, session, token))) {
		return "", false
	}
	return session, true
}
