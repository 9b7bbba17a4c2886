package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode"
)

// Text writes the account as text, headline first.
func (a *Account) Text(w io.Writer) error {
	out := bufio.NewWriter(w)
	p := &printer{w: out}
	p.line("%s", a.Headline)
	p.line("%s", plain(a.Integrity))
	p.line("%s", plain(a.Countersigned))
	p.line("")
	p.table(func(row func(...string)) {
		for _, x := range a.about() {
			row(x.Name, x.Value)
		}
	})
	p.line("\nRates against the minimum:")
	p.table(func(row func(...string)) {
		row("", "time below", "tests", "lowest", "below minimum", "below recommended")
		for _, r := range a.rates() {
			row(r.Name, r.Below, r.Tests, r.Lowest, r.Missed, r.Recommended)
		}
	})
	p.section("Gaps", len(a.Gaps), func(row func(...string)) {
		row("", "from", "to", "lasted", "cause", "")
		for _, g := range a.gapRows() {
			row(g.N, g.Start, g.End, g.Lasted, g.Cause, g.Words)
		}
	})
	p.section("Warnings", len(a.Warnings), func(row func(...string)) {
		row("", "from", "to", "lasted", "warning", "evidence")
		for _, x := range a.warningRows() {
			row(x.N, x.Start, x.End, x.Lasted, x.Title, x.Evidence)
		}
	})
	p.line("\nFigures for %s minutes:", count(a.Figures.Minutes))
	p.table(func(row func(...string)) {
		row("", "median minute", "worst minute", "at")
		for _, f := range a.figureRows() {
			row(f.Name, f.Middle, f.Worst, f.When)
		}
	})
	p.line("")
	p.table(func(row func(...string)) {
		for _, x := range a.totals() {
			row(x.Name, x.Value)
		}
	})
	p.line("\nWhat is not known:")
	for _, u := range a.Unknown {
		p.line("  - %s", plain(u))
	}
	p.line("\n%s", Disclaimer)
	return out.Flush()
}

// printer writes lines and tables; its writer keeps the first error.
type printer struct{ w *bufio.Writer }

func (p *printer) line(format string, args ...any) { fmt.Fprintf(p.w, format+"\n", args...) }

// section writes a table with a title, or a line saying that it is empty.
func (p *printer) section(title string, n int, rows func(row func(...string))) {
	if n == 0 {
		p.line("\n%s: none.", title)
		return
	}
	p.line("\n%s:", title)
	p.table(rows)
}

func (p *printer) table(rows func(row func(...string))) {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	rows(func(cells ...string) {
		for i := range cells {
			cells[i] = plain(cells[i])
		}
		fmt.Fprintln(t, "  "+strings.Join(cells, "\t"))
	})
	_ = t.Flush() // a strings.Builder does not fail
	for _, l := range strings.SplitAfter(b.String(), "\n") {
		if l != "" {
			p.line("%s", strings.TrimRight(l, " \n"))
		}
	}
}

// plain removes terminal control characters from outside text.
func plain(s string) string { return strings.Map(visible, s) }

// visible replaces characters that have an effect but no shape.
func visible(r rune) rune {
	if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
		return '?'
	}
	return r
}
