package server

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"examlink/probe/link"
)

// certificateLife is the validity of a self-signed certificate. Students pin
// its key, so a shorter life gains nothing.
const certificateLife = 10 * 365 * 24 * time.Hour

// Keys are a server's secrets, kept in its data directory.
type Keys struct {
	Certificate tls.Certificate
	Pinned      bool // the certificate is self-signed: join tokens must pin its key
	Token       ed25519.PrivateKey
	Secret      [32]byte
}

// Fingerprint returns the key fingerprint that join tokens pin; empty when a
// certificate authority issued the certificate.
func (k Keys) Fingerprint() string {
	if !k.Pinned {
		return ""
	}
	f := link.Fingerprint(k.Certificate.Leaf)
	return base64.RawURLEncoding.EncodeToString(f[:])
}

// LoadKeys reads the keys in dir and generates the missing ones. If certFile
// and keyFile are set, the certificate is read from them instead.
func LoadKeys(dir, certFile, keyFile string, now time.Time) (Keys, error) {
	var k Keys
	if (certFile == "") != (keyFile == "") {
		return k, errors.New("tls: a certificate needs its key, and a key its certificate")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return k, fmt.Errorf("data directory: %w", err)
	}
	k.Pinned = certFile == ""
	if k.Pinned {
		certFile, keyFile = filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
		if _, err := os.Stat(keyFile); errors.Is(err, fs.ErrNotExist) {
			certPEM, keyPEM, err := SelfSigned(now)
			if err != nil {
				return k, err
			}
			if err := writeNew(keyFile, keyPEM); err != nil {
				return k, err
			}
			if err := writeNew(certFile, certPEM); err != nil {
				return k, err
			}
		}
	}
	var err error
	if k.Certificate, err = LoadCertificate(certFile, keyFile, now); err != nil {
		return k, err
	}
	seed, err := secretFile(filepath.Join(dir, "token.seed"))
	if err != nil {
		return k, err
	}
	k.Token = ed25519.NewKeyFromSeed(seed[:])
	k.Secret, err = secretFile(filepath.Join(dir, "server.secret"))
	return k, err
}

// LoadCertificate reads a PEM certificate and its key. An expired certificate
// is an error.
func LoadCertificate(certFile, keyFile string, now time.Time) (tls.Certificate, error) {
	c, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return c, fmt.Errorf("certificate %s: %w", certFile, err)
	}
	if c.Leaf.NotAfter.Before(now) {
		return c, fmt.Errorf("certificate %s expired on %s", certFile, c.Leaf.NotAfter.Format(time.DateOnly))
	}
	return c, nil
}

// SelfSigned generates a certificate and its key, both PEM.
func SelfSigned(now time.Time) (certPEM, keyPEM []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "examlink"}, DNSNames: []string{"examlink"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(certificateLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, nil, fmt.Errorf("make certificate: %w", err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), nil
}

// writeNew atomically writes a file that only its owner can read.
func writeNew(name string, data []byte) error {
	tmp := name + ".new"
	if err := os.WriteFile(tmp, data, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, name)
}

// secretFile reads 32 random bytes stored as base64, or generates them.
func secretFile(name string) (secret [32]byte, err error) {
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		_, _ = rand.Read(secret[:]) // crypto/rand never fails
		return secret, writeNew(name, []byte(base64.StdEncoding.EncodeToString(secret[:])))
	}
	if err != nil {
		return secret, err
	}
	d, err := base64.StdEncoding.DecodeString(string(b))
	if err != nil || len(d) != len(secret) {
		return secret, fmt.Errorf("%s: damaged, expected 32 bytes in base64", name)
	}
	return [32]byte(d), nil
}
