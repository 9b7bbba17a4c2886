// Package docs holds tests of the documents.
package docs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The program in library.md has at most 20 lines and compiles.
func TestLibraryProgramCompiles(t *testing.T) {
	b, err := os.ReadFile("library.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(b), "```go\npackage main\n")
	program, _, closed := strings.Cut(rest, "```\n")
	if !found || !closed || strings.Contains(rest, "```go\npackage main\n") {
		t.Fatal("library.md: expected one program, in a block that begins with package main")
	}
	program = "package main\n" + program
	if n := strings.Count(program, "\n"); n > 20 {
		t.Errorf("the program has %d lines, expected at most 20", n)
	}
	name := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(name, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "vet", name).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := exec.Command("go", "build", "-o", os.DevNull, name).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
