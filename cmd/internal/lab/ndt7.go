//go:build linux

package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"examlink/cmd/internal/lab/stage"
)

// peerFiles pin the version of ndt7's page, and its hash.
//
//go:embed peers/package.json peers/package-lock.json
var peerFiles embed.FS

// ndt7Sources is where npm puts the sources of ndt7's page.
var ndt7Sources = filepath.Join("node_modules", "@m-lab", "ndt7", "src")

// fetchTimeout bounds npm: chosen by us.
const fetchTimeout = 2 * time.Minute

// fetchNDT7 returns the folder of the sources of ndt7's page, which npm fetches once into
// the user's cache.
func fetchNDT7(ctx context.Context) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "examlink-lab-peers")
	lock, err := peerFiles.ReadFile("peers/package-lock.json")
	if err != nil {
		return "", err
	}
	if have, err := os.ReadFile(filepath.Join(dir, "package-lock.json")); err == nil && bytes.Equal(have, lock) {
		if _, err := os.Stat(filepath.Join(dir, ndt7Sources)); err == nil {
			return filepath.Join(dir, ndt7Sources), nil
		}
	}
	if !have("npm") {
		return "", errors.New("no npm is installed, which fetches it")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	for _, name := range []string{"package.json", "package-lock.json"} {
		b, err := peerFiles.ReadFile("peers/" + name)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), b, 0o644)
		}
		if err != nil {
			return "", err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	c := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci: %w: %.300s", err, out)
	}
	return filepath.Join(dir, ndt7Sources), nil
}

// serveNDT7 starts a server for ndt7's page on the far host.
func (l *lab) serveNDT7() error {
	sources, err := fetchNDT7(l.ctx)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	c := l.hosts.Far.Command(l.ctx, self, ndt7Command, stage.FarAddress+":"+strconv.Itoa(ndt7Port), sources)
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		return err
	}
	l.servers = append(l.servers, c)
	time.Sleep(stage.ServerStart)
	return nil
}
