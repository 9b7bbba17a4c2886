package durable_test

import (
	"os"
	"path/filepath"
	"testing"

	"examlink/server/durable"
)

func TestWriteFileReplaces(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "f")
	for _, content := range []string{"a longer text", "short"} {
		if err := durable.WriteFile(name, []byte(content)); err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(name); err != nil || string(b) != content {
			t.Errorf("%q, %v, expected %q", b, err, content)
		}
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 1 {
		t.Errorf("%v, %v, expected the file alone", list, err)
	}
	if err := durable.WriteFile(filepath.Join(dir, "none", "f"), nil); err == nil {
		t.Error("no error without a directory")
	}
}
