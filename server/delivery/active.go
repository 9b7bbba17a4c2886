package delivery

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"examlink/server/alert"
)

// The next run must clear the warnings that are active when the server ends, so
// they are kept in a file.

// readActive reads the active warnings of an earlier run; none without a file.
func readActive(name string) (out []alert.Notice, err error) {
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		return nil, fmt.Errorf("active warnings: %s: %w", name, err)
	}
	return out, nil
}

// writeActive replaces the file.
func writeActive(name string, list []alert.Notice) error {
	b, err := json.Marshal(list)
	if err == nil {
		err = os.WriteFile(name+".new", b, 0o600)
	}
	if err == nil {
		err = os.Rename(name+".new", name)
	}
	if err != nil {
		return fmt.Errorf("active warnings: %w", err)
	}
	return nil
}
