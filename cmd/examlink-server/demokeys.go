package main

import (
	"crypto/sha256"
	"encoding/base64"
	"examlink/probe/wire"
	"examlink/server"
	"examlink/server/exam"
	"net/netip"
	"os"
	"path/filepath"
	"time"
)

// demoKeys makes keys with a certificate that browsers accept by its hash.
func demoKeys(dir string) (server.Keys, error) {
	now := time.Now()
	certificate, key, err := server.SelfSigned(now, server.PageLife)
	if err != nil {
		return server.Keys{}, err
	}
	names := [2]string{filepath.Join(dir, "page.crt"), filepath.Join(dir, "page.key")}
	for i, content := range [][]byte{certificate, key} {
		if err := os.WriteFile(names[i], content, 0o600); err != nil {
			return server.Keys{}, err
		}
	}
	keys, err := server.LoadKeys(dir, names[0], names[1], now)
	keys.Pinned = true // no authority vouches for it
	return keys, err
}

// pageCertificate returns the hash by which a browser knows the certificate.
func pageCertificate(keys server.Keys) string {
	sum := sha256.Sum256(keys.Certificate.Leaf.Raw)
	return base64.StdEncoding.EncodeToString(sum[:])
}

func demoToken(keys server.Keys, address netip.AddrPort) (string, error) {
	now := time.Now()
	return exam.Issue(keys.Token, wire.JoinToken{
		Exam: "demo", Student: "demo-student", Servers: []string{address.String()}, Fingerprint: keys.Fingerprint(),
		NotBefore: now.Unix(), Expires: now.Add(24 * time.Hour).Unix(),
	})
}
