package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"golang.org/x/term"

	"examlink/cmd/internal/daemon"
)

// screen writes lines and, on a terminal, keeps one line below them current. Without a
// terminal it is its writer. It is safe for concurrent use.
type screen struct {
	w       io.Writer
	fd      int
	repaint bool // there is a terminal that can return to the start of a line
	colour  bool

	mu     sync.Mutex
	status string // below the lines; without a terminal none
	shown  int    // columns of the status on the terminal
}

// newScreen returns the screen of an output.
func newScreen(w io.Writer) *screen {
	s := &screen{w: w}
	if fd, ok := daemon.Terminal(w); ok && os.Getenv("TERM") != "dumb" {
		s.fd, s.repaint, s.colour = fd, true, os.Getenv("NO_COLOR") == ""
	}
	return s
}

// width returns how many columns a line may have; 0, without a terminal: any number.
func (s *screen) width() int {
	if !s.repaint {
		return 0
	}
	if n, _, err := term.GetSize(s.fd); err == nil && n > 0 {
		return max(n, leastWidth)
	}
	return usualWidth
}

// Write writes whole lines above the status.
func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	n, err := s.w.Write(b)
	s.draw()
	return n, err
}

// tell writes a message of the program itself, wrapped between words.
func (s *screen) tell(format string, args ...any) {
	var b strings.Builder
	p := page{w: &b, width: s.width()}
	p.text(0, "examlink: "+fmt.Sprintf(format, args...))
	_, _ = s.Write([]byte(b.String()))
}

// show replaces the status; columns is its width on the terminal.
func (s *screen) show(status string, columns int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.repaint || status == s.status {
		return
	}
	was := s.shown
	s.status, s.shown = status, columns
	blank := max(was-columns, 0) // what remains of the one before
	s.put("\r" + status + strings.Repeat(" ", blank) + strings.Repeat("\b", blank))
}

// clear removes the status for good, with what a key has written behind it.
func (s *screen) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shown > 0 {
		s.shown = min(s.shown+len("^C"), s.width()-1)
		s.erase()
	}
	s.status, s.shown = "", 0
}

// erase and draw are called locked.
func (s *screen) erase() {
	if s.shown > 0 {
		s.put("\r" + strings.Repeat(" ", s.shown) + "\r")
	}
}

func (s *screen) draw() {
	if s.status != "" {
		s.put(s.status)
	}
}

// put writes without an error: what is lost is a status, and the next one comes soon.
func (s *screen) put(text string) { _, _ = io.WriteString(s.w, text) }
