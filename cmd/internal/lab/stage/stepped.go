//go:build linux

package stage

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
)

// clockFileVariable is the environment variable with the name of the file from
// which Stepped reads how far its wall clock is ahead of this computer's.
// Setting this computer's clock instead would change the time of everything that
// runs on it.
const clockFileVariable = "EXAMLINK_LAB_CLOCK"

// What BuildStepped replaces in probe/clock, and what it adds.
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

// BuildStepped builds Stepped: the client with a wall clock that
// Testbed.SetClock sets.
func (p Programs) BuildStepped(ctx context.Context) error {
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
	replaced, added, overlay := p.Path("clock.go"), p.Path("labstep.go"), p.Path("overlay.json")
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
	if out, err := exec.CommandContext(ctx, "go", "build", "-overlay", overlay, "-o", p.Path(Stepped), "examlink/cmd/examlink").CombinedOutput(); err != nil {
		return fmt.Errorf("build with a clock that can be set: %w: %s", err, out)
	}
	return nil
}
