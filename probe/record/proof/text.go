package proof

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// sentences are the outcomes in words.
var sentences = map[Outcome]string{
	Whole:    "Everything holds: no line was changed or is missing, and the server countersigned all of them, to the end.",
	Partly:   "What the server countersigned holds. The lines after that are only the word of the student's program.",
	Unsigned: "The server countersigned nothing in this record: all of it is only the word of the student's program.",
	Broken:   "Not valid: something does not hold.",
}

// Text writes the proof as text.
func (p *Proof) Text(w io.Writer) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		fmt.Fprintf(out, "  %s\t%s\n", name, plain(fmt.Sprintf(format, args...)))
	}
	fmt.Fprintln(out, sentences[p.Outcome])
	row("record", "%d lines of exam %s, student %s", p.Lines, p.Exam, or(p.Student, "not known"))
	for i, x := range p.Problems {
		row(one(i, "problem"), "line %d, %s: %s", x.Line, x.Name, x.Words)
	}
	if p.More > 0 {
		row("", "and %d more", p.More)
	}
	if s := p.Signed; s != nil {
		row("countersigned", "up to line %d at %s by the server's clock, with key %s", s.Line, local(s.At), s.Key)
		row("server saw", "%d packets over %s in session %s, which was %s%s", s.Seen.Probes, s.Seen.Transport, s.Session, s.Seen.State, span(s.Seen.First, s.Seen.Last))
	} else {
		row("countersigned", "nothing")
	}
	if h := p.Stored; h != nil {
		row("in the store", "line %d, countersigned at %s", h.Line, local(h.At))
	} else if p.Compared {
		row("in the store", "no head of this record that is in this file")
	}
	if u := p.Unsigned; u != nil {
		row("not countersigned", "%d lines from line %d to %d, %s to %s by the student's clock", u.Lines, u.First, u.Last, u.From.Format(layout), u.To.Format(layout))
	}
	if p.Torn > 0 {
		row("torn", "%d bytes after the last whole line", p.Torn)
	}
	row("end", "%s", p.end())
	for i, h := range p.Others {
		row(one(i, "other records"), "the server countersigned line %d in session %s at %s, in another record of this student", h.Line, h.Session, local(h.At))
	}
	return out.Flush()
}

func (p *Proof) end() string {
	switch {
	case p.EndSigned:
		return "present and countersigned"
	case p.Ended:
		return "present, not countersigned"
	}
	return "missing: the program is running, was killed, or the file was cut"
}

const layout = "2006-01-02 15:04:05 -07:00"

func local(t time.Time) string { return t.Local().Format("Mon 2 Jan 2006 15:04:05 MST") }

// span formats the times of the first and the last packet.
func span(first, last time.Time) string {
	if first.IsZero() {
		return ""
	}
	return fmt.Sprintf(", from %s to %s", local(first), local(last))
}

// one returns a name for the first row of several.
func one(i int, name string) string {
	if i > 0 {
		return ""
	}
	return name
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// plain replaces characters that would control a terminal.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return '?'
		}
		return r
	}, s)
}
