package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"examlink/cmd/internal/daemon"
)

// page writes text for a terminal of some width, coloured if it is one.
type page struct {
	w      io.Writer
	width  int // columns; 0: lines are not wrapped
	colour bool
}

// newPage returns the page of an output.
func newPage(w io.Writer) *page {
	p := &page{w: w, width: usualWidth}
	if fd, ok := daemon.Terminal(w); ok {
		if n, _, err := term.GetSize(fd); err == nil {
			p.width = max(n, leastWidth)
		}
		p.colour = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	}
	return p
}

// text writes words, wrapped; lines after the first are indented.
func (p *page) text(indent int, s string) { p.after("", 0, indent, s) }

// after writes words, wrapped, behind a beginning of some columns; lines after the first
// are indented.
func (p *page) after(beginning string, column, indent int, s string) {
	fmt.Fprint(p.w, beginning)
	width, first := min(p.width, mostWidth), true
	for _, word := range strings.Fields(s) {
		switch n := len([]rune(word)); {
		case !first && p.width > 0 && column+1+n > width:
			fmt.Fprint(p.w, "\n"+strings.Repeat(" ", indent)+word)
			column = indent + n
		case !first:
			fmt.Fprint(p.w, " "+word)
			column += 1 + n
		default:
			fmt.Fprint(p.w, word)
			column += n
		}
		first = false
	}
	fmt.Fprintln(p.w)
}

// coloured writes text in a colour, if there are colours.
func (p *page) coloured(colour, s string) {
	if p.colour {
		fmt.Fprintf(p.w, "\x1b[%sm", colour)
		defer fmt.Fprint(p.w, "\x1b[0m")
	}
	p.text(0, s)
}

// paint returns a word in a colour, if there are colours.
func (p *page) paint(colour, word string) string {
	if !p.colour || colour == "" {
		return word
	}
	return "\x1b[" + colour + "m" + word + "\x1b[0m"
}
