// Command generate writes the dashboards as JSON. It must run in the root of
// the repository, as `make dashboards` does.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"examlink/dashboards"
)

const dir = "dashboards/json"

func main() {
	if err := write(); err != nil {
		fmt.Fprintf(os.Stderr, "generate: %v\n", err)
		os.Exit(1)
	}
}

// write writes the generated files and removes JSON files that belong to no
// dashboard.
func write() error {
	files, err := dashboards.Files()
	if err != nil {
		return err
	}
	old, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return err
	}
	for _, f := range old {
		if _, wanted := files[filepath.Base(f)]; !wanted {
			if err := os.Remove(f); err != nil {
				return err
			}
		}
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
