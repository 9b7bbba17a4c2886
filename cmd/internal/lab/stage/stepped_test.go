//go:build linux

package stage

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// The client's clock is still what BuildStepped replaces.
func TestStepsTheRightClock(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "probe", "clock", "clock.go"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(b, []byte(ownWall)) {
		t.Errorf("probe/clock/clock.go does not contain %q", ownWall)
	}
}
