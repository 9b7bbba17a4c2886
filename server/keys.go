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
	"examlink/server/durable"
)

// Chosen by us.
const (
	// CertificateLife is the validity of a self-signed certificate. Students pin its key,
	// so a shorter life gains nothing.
	CertificateLife = 10 * 365 * 24 * time.Hour
	// PageLife is that of one that browsers accept for WebTransport by its hash: they
	// allow two weeks.
	PageLife         = 13 * 24 * time.Hour
	certificateSlack = time.Hour // of clocks that are behind
)

// Keys are a server's secrets, kept in its data directory.
type Keys struct {
	Certificate tls.Certificate
	Hosts       []string           // the certificate is ordered by ACME for these names, and is not here
	Pinned      bool               // the certificate is self-signed: join tokens must pin its key
	Token       ed25519.PrivateKey // signs join tokens
	Tokens      []TokenKey         // those that verify them, the newest first
	Secret      [32]byte
}

// Fingerprint returns the key fingerprint that join tokens pin; empty when a
// certificate authority issues the certificate.
func (k Keys) Fingerprint() string {
	if !k.Pinned {
		return ""
	}
	f := link.Fingerprint(k.Certificate.Leaf)
	return base64.RawURLEncoding.EncodeToString(f[:])
}

// Names of the files in the data directory.
const (
	certificateFile = "tls.crt"
	certificateKey  = "tls.key"
	secretFile      = "server.secret"
)

// LoadKeys reads the keys in dir and generates the missing ones. If certFile
// and keyFile are set, the certificate is read from them instead.
func LoadKeys(dir, certFile, keyFile string, now time.Time) (Keys, error) {
	if err := checkPair(certFile, keyFile); err != nil {
		return Keys{}, err
	}
	if err := makeSecrets(dir); err != nil {
		return Keys{}, err
	}
	if missing := filepath.Join(dir, certificateKey); certFile == "" && keyFile == "" && !exists(missing) {
		certPEM, keyPEM, err := SelfSigned(now, CertificateLife)
		if err != nil {
			return Keys{}, err
		}
		if err := durable.WriteFile(missing, keyPEM); err != nil {
			return Keys{}, err
		}
		if err := durable.WriteFile(filepath.Join(dir, certificateFile), certPEM); err != nil {
			return Keys{}, err
		}
	}
	return ReadKeys(dir, certFile, keyFile, now)
}

// LoadKeysACME does the same for a server whose certificate is ordered by ACME for these
// hosts: there is no certificate among its keys.
func LoadKeysACME(dir string, hosts []string) (Keys, error) {
	if err := makeSecrets(dir); err != nil {
		return Keys{}, err
	}
	return ReadKeysACME(dir, hosts)
}

// makeSecrets generates what is missing in dir besides the certificate.
func makeSecrets(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	if err := makeTokenKey(dir); err != nil {
		return err
	}
	if name := filepath.Join(dir, secretFile); !exists(name) {
		return durable.WriteFile(name, newSecret())
	}
	return nil
}

func checkPair(certFile, keyFile string) error {
	if (certFile == "") != (keyFile == "") {
		return errors.New("tls: a certificate needs its key, and a key its certificate")
	}
	return nil
}

// exists reports false only for a file that is certainly not there.
func exists(name string) bool {
	_, err := os.Stat(name)
	return !errors.Is(err, fs.ErrNotExist)
}

// ReadKeys reads the keys as LoadKeys does, and generates none: the error is
// fs.ErrNotExist if one is missing.
func ReadKeys(dir, certFile, keyFile string, now time.Time) (k Keys, err error) {
	if err := checkPair(certFile, keyFile); err != nil {
		return k, err
	}
	if k.Pinned = certFile == ""; k.Pinned {
		certFile, keyFile = filepath.Join(dir, certificateFile), filepath.Join(dir, certificateKey)
	}
	if err = k.readSecrets(dir); err != nil {
		return k, err
	}
	k.Certificate, err = LoadCertificate(certFile, keyFile, now)
	return k, err
}

// ReadKeysACME reads the keys as LoadKeysACME does, and generates none: the error is
// fs.ErrNotExist if one is missing.
func ReadKeysACME(dir string, hosts []string) (k Keys, err error) {
	k.Hosts = hosts
	err = k.readSecrets(dir)
	return k, err
}

// readSecrets reads what is in dir besides the certificate.
func (k *Keys) readSecrets(dir string) (err error) {
	if k.Tokens, err = ReadTokenKeys(dir); err != nil {
		return err
	}
	k.Token = k.Tokens[0].Key
	k.Secret, err = readSecret(filepath.Join(dir, secretFile))
	return err
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

// SelfSigned generates a certificate that is valid for life, and its key, both PEM.
func SelfSigned(now time.Time, life time.Duration) (certPEM, keyPEM []byte, err error) {
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
		NotBefore: now.Add(-certificateSlack), NotAfter: now.Add(life),
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

// newSecret returns 32 random bytes in base64.
func newSecret() []byte {
	var b [32]byte
	_, _ = rand.Read(b[:]) // crypto/rand never fails
	return []byte(base64.StdEncoding.EncodeToString(b[:]))
}

// readSecret reads 32 random bytes stored as base64.
func readSecret(name string) (secret [32]byte, err error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return secret, err
	}
	d, err := base64.StdEncoding.DecodeString(string(b))
	if err != nil || len(d) != len(secret) {
		return secret, fmt.Errorf("%s: damaged, expected 32 bytes in base64", name)
	}
	return [32]byte(d), nil
}
