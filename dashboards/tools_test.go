package dashboards_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"testing"
)

// tool finds a program that a test needs. Without it the test is skipped; in CI it
// fails.
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

// run runs a program in dir; if the program fails, so does the test, with its output.
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

// decodeAs converts a decoded JSON value.
func decodeAs[T any](v any) (out T) {
	data, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		panic(err)
	}
	return out
}
