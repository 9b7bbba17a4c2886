package server

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"examlink/server/durable"
	"examlink/server/exam"
)

// tokenFile is the first key of join tokens in the data directory; later ones have a
// number.
const tokenFile = "token.seed"

var tokenFiles = regexp.MustCompile(`^token(?:-([0-9]{1,6}))?\.seed$`)

// TokenKey is a key of join tokens in a data directory.
type TokenKey struct {
	ID    string // exam.KeyID
	Key   ed25519.PrivateKey
	File  string
	Since time.Time // when the file was written
	order int
}

// ReadTokenKeys reads the keys of join tokens in a data directory, the newest first:
// it signs, and all of them verify. The error is fs.ErrNotExist if there is none.
func ReadTokenKeys(dir string) ([]TokenKey, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var keys []TokenKey
	for _, e := range entries {
		m := tokenFiles.FindStringSubmatch(e.Name())
		if m == nil {
			continue
		}
		k := TokenKey{File: filepath.Join(dir, e.Name())}
		k.order, _ = strconv.Atoi(m[1]) // 0 for the first one
		seed, err := readSecret(k.File)
		if err != nil {
			return nil, err
		}
		if info, err := e.Info(); err == nil {
			k.Since = info.ModTime()
		}
		k.Key = ed25519.NewKeyFromSeed(seed[:])
		k.ID = exam.KeyID(k.Public())
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, &fs.PathError{Op: "open", Path: filepath.Join(dir, tokenFile), Err: fs.ErrNotExist}
	}
	slices.SortFunc(keys, func(a, b TokenKey) int { return b.order - a.order })
	return keys, nil
}

// Public returns the public part of the key.
func (k TokenKey) Public() ed25519.PublicKey { return k.Key.Public().(ed25519.PublicKey) }

// RotateTokenKey makes a new key in a data directory that has keys.
func RotateTokenKey(dir string) (TokenKey, error) {
	keys, err := ReadTokenKeys(dir)
	if err != nil {
		return TokenKey{}, err
	}
	name := filepath.Join(dir, fmt.Sprintf("token-%d.seed", max(keys[0].order, 1)+1))
	if err := durable.WriteFile(name, newSecret()); err != nil {
		return TokenKey{}, err
	}
	if keys, err = ReadTokenKeys(dir); err != nil {
		return TokenKey{}, err
	}
	return keys[0], nil
}

// RemoveTokenKey removes a key from a data directory: nobody is admitted any more with
// a join token that it signed. The newest key stays. Just before, it calls before, whose
// error keeps the key.
func RemoveTokenKey(dir, id string, before func() error) error {
	keys, err := ReadTokenKeys(dir)
	if err != nil {
		return err
	}
	for i, k := range keys {
		switch {
		case k.ID != id:
		case i == 0:
			return errors.New("the newest key signs join tokens: make another one first")
		default:
			if err := before(); err != nil {
				return err
			}
			return os.Remove(k.File)
		}
	}
	return fmt.Errorf("key %q, expected one of those in %s", id, dir)
}

// makeTokenKey makes the first key unless there is one.
func makeTokenKey(dir string) error {
	_, err := ReadTokenKeys(dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return durable.WriteFile(filepath.Join(dir, tokenFile), newSecret())
}

// Public returns the public parts of the keys of join tokens, the newest first.
func (k Keys) Public() (list []ed25519.PublicKey) {
	for _, t := range k.Tokens {
		list = append(list, t.Public())
	}
	return list
}

// Issuer returns an issuer for a server with these keys at these addresses.
func (k Keys) Issuer(addresses []string) exam.Issuer {
	i := exam.Issuer{Key: k.Token, Fingerprint: k.Fingerprint(), Servers: addresses}
	if !k.Pinned {
		i.Check = k.acceptable
	}
	return i
}
