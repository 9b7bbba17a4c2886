package auth

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"examlink/server/durable"
)

// tokenFile, in the data directory, holds the operator's token.
const tokenFile = "admin-token"

// ReadOperatorToken reads the operator's token from a data directory. A missing
// token is generated if create is set, and an error otherwise.
func ReadOperatorToken(dir string, create bool) (string, error) {
	name := filepath.Join(dir, tokenFile)
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) && create {
		token := rand.Text() + rand.Text()
		var f *os.File
		if f, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
			return "", fmt.Errorf("admin token: %w", err)
		}
		_, err = f.WriteString(token + "\n")
		err = errors.Join(err, f.Sync(), f.Close())
		durable.SyncDir(dir)
		b = []byte(token)
	}
	if err != nil {
		return "", fmt.Errorf("admin token: %w", err)
	}
	token := strings.TrimSpace(string(b))
	if len(token) < 32 {
		return "", fmt.Errorf("admin token: %s: damaged, expected 32 characters or more; remove it to have a new one made", name)
	}
	return token, nil
}
