package daemon

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
)

type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestOutputKeepsItsFirstError(t *testing.T) {
	o := NewOutput(full{})
	fmt.Fprintln(o, "lost")
	if err := o.Err(); !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "standard output") {
		t.Errorf("%v", err)
	}
	if _, ok := Terminal(o); ok {
		t.Error("no file is a terminal")
	}
}

// A reader that has gone away is an error of a write, not the end of the program.
func TestOutputOutlivesItsReader(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	_ = r.Close()
	o := NewOutput(w)
	fmt.Fprintln(o, "nobody reads this")
	if err := o.Err(); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("%v", err)
	}
}
