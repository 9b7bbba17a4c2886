package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// steppedClient is the client built with a wall clock that the lab can set:
// this computer's own, plus what a file says. Setting the computer's would set
// it for everything that runs on it.
const (
	steppedClient     = "examlink-stepped"
	clockFileVariable = "EXAMLINK_LAB_CLOCK"
)

const (
	ownWall  = "func (s *System) Wall() time.Time { return time.Now().Round(0) }"
	setWall  = "func (s *System) Wall() time.Time { return time.Now().Round(0).Add(labStep()) }"
	wallStep = `package clock

import (
	"os"
	"strings"
	"time"
)

func labStep() time.Duration {
	b, _ := os.ReadFile(os.Getenv("` + clockFileVariable + `"))
	d, _ := time.ParseDuration(strings.TrimSpace(string(b)))
	return d
}
`
)

// buildStepped builds steppedClient into dir.
func buildStepped(ctx context.Context, dir string) error {
	out, err := exec.CommandContext(ctx, "go", "list", "-f", "{{.Dir}}", "examlink/probe/clock").Output()
	if err != nil {
		return fmt.Errorf("find probe/clock: %w", err)
	}
	source := strings.TrimSpace(string(out))
	own, err := os.ReadFile(filepath.Join(source, "clock.go"))
	if err != nil {
		return err
	}
	if !bytes.Contains(own, []byte(ownWall)) {
		return errors.New("probe/clock: System.Wall is not what the lab expects to replace")
	}
	replaced, added, overlay := filepath.Join(dir, "clock.go"), filepath.Join(dir, "labstep.go"), filepath.Join(dir, "overlay.json")
	names, err := json.Marshal(map[string]map[string]string{"Replace": {
		filepath.Join(source, "clock.go"): replaced, filepath.Join(source, "labstep.go"): added,
	}})
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		data []byte
	}{{replaced, bytes.Replace(own, []byte(ownWall), []byte(setWall), 1)}, {added, []byte(wallStep)}, {overlay, names}} {
		if err := os.WriteFile(f.name, f.data, 0o600); err != nil {
			return err
		}
	}
	if out, err := exec.CommandContext(ctx, "go", "build", "-overlay", overlay, "-o", filepath.Join(dir, steppedClient), "examlink/cmd/examlink").CombinedOutput(); err != nil {
		return fmt.Errorf("build with a clock that can be set: %w: %s", err, out)
	}
	return nil
}

// step sets the wall clock of a stage's steppedClient.
func (s *stage) step(d time.Duration) error {
	tmp := s.clockFile() + ".new"
	if err := os.WriteFile(tmp, []byte(d.String()), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, s.clockFile())
}
