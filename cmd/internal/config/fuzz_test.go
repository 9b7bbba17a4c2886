package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"examlink/cmd/internal/config"
)

func FuzzLoad(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.yaml")
	for _, name := range append(files, documented) {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		name := filepath.Join(dir, fmt.Sprintf("%d.yaml", os.Getpid()))
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		file, _, err := config.Load(name, nil)
		if err != nil {
			return
		}
		if _, err := file.ProbeOptions(); err != nil {
			t.Errorf("accepted, but %v", err)
		}
		reload(t, file)
	})
}
