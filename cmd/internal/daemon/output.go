package daemon

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"golang.org/x/term"
)

// Output is a program's standard output. It keeps the first error, so that a program
// whose output was lost does not end as if it had been printed.
type Output struct {
	w io.Writer

	mu  sync.Mutex
	err error
}

// NewOutput returns the output over a writer. A reader that has gone away no longer
// ends the program from now on.
func NewOutput(w io.Writer) *Output {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) // writes fail with EPIPE instead
	return &Output{w: w}
}

// Write implements io.Writer.
func (o *Output) Write(b []byte) (int, error) {
	n, err := o.w.Write(b)
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil && o.err == nil {
		o.err = fmt.Errorf("standard output: %w", err)
	}
	return n, err
}

// Terminal returns the file descriptor of the terminal behind a writer, which may be
// an Output; ok is false if there is none.
func Terminal(w io.Writer) (fd int, ok bool) {
	if o, is := w.(*Output); is {
		w = o.w
	}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	return int(f.Fd()), true
}

// Err returns the first error of a write.
func (o *Output) Err() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}
