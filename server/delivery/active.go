package delivery

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"examlink/server/alert"
)

// A warning that stands when the server ends must be closed by the next one:
// what stands is kept in a file, and sessions that come back are known by it.

func readActive(name string) (out []alert.Notice, err error) {
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		return nil, fmt.Errorf("standing warnings: %s: %w", name, err)
	}
	return out, nil
}

func writeActive(name string, list []alert.Notice) error {
	b, err := json.Marshal(list)
	if err == nil {
		err = os.WriteFile(name+".new", b, 0o600)
	}
	if err == nil {
		err = os.Rename(name+".new", name)
	}
	if err != nil {
		return fmt.Errorf("standing warnings: %w", err)
	}
	return nil
}
