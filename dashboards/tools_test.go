package dashboards_test

import (
	"bytes"
	"os"
	"os/exec"
	"testing"
)

// tool finds a program that a test needs. Without it the test is skipped, but
// not in CI, where it is a failure.
func tool(t *testing.T, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("none of %q is installed", names)
	}
	t.Skipf("none of %q is installed", names)
	return ""
}

// run runs a program in dir and fails the test with what it printed if it fails.
func run(t *testing.T, dir, program string, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), program, args...)
	c.Dir = dir
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Run(); err != nil {
		t.Fatalf("%s %q: %v\n%s", program, args, err, out.String())
	}
	return out.String()
}
