//go:build linux

package stage

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
)

// Names of the programs as they are built.
const (
	Client  = "examlink"
	Stepped = "examlink-stepped" // the client with a wall clock that the lab can set; see BuildStepped
	server  = "examlink-server"
)

// Programs is the folder that examlink's programs were built into.
type Programs string

// Build builds the client and the server from the module that contains the
// working directory.
func Build(ctx context.Context, dir string) (Programs, error) {
	out, err := exec.CommandContext(ctx, "go", "build", "-o", dir, "examlink/cmd/examlink", "examlink/cmd/examlink-server").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build: %w: %s", err, out)
	}
	return Programs(dir), nil
}

// Path returns the path of a file in the folder.
func (p Programs) Path(name string) string { return filepath.Join(string(p), name) }
