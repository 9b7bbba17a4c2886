package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"

	"examlink/probe/record"
	"examlink/probe/ui"
)

//go:embed page.html
var pageText string

// style is that of all pages; the file of a report has it within.
var style = mustRead(ui.StyleName)

func mustRead(name string) template.CSS {
	b, err := ui.Files.ReadFile(name)
	if err != nil {
		panic(err) // the file is part of the program
	}
	return template.CSS(b)
}

var page = template.Must(template.New("page").Funcs(funcs).Parse(pageText))

// mostRows is the maximum number of minutes and floor tests on the page.
const mostRows = 3000

// minuteRow is one minute in the page's table.
type minuteRow struct {
	From, Sent, Up, Down, Unknown, Gap, RoundTrip, RoundTrip99, PDVUp, PDVDown string
	Folded                                                                     bool
}

// floorRow is one floor test in the page's table.
type floorRow struct{ At, Direction, Reading, Outcome, Why string }

// HTML writes the account as one self-contained page: no script, no other host.
func (a *Account) HTML(w io.Writer) error {
	var b bytes.Buffer
	err := page.Execute(&b, map[string]any{
		"Style": style, "A": a, "About": a.about(), "Rates": a.rates(), "Gaps": a.gapRows(), "Warnings": a.warningRows(), "Figures": a.figureRows(),
		"Totals": a.totals(), "Charts": []chart{newChart(a, wideChart), newChart(a, narrowChart)}, "Minutes": a.minuteRows(), "Floors": a.floorRows(),
		"MinutesCut": max(len(a.minutes)-mostRows, 0), "FloorsCut": max(len(a.floors)-mostRows, 0),
		"Disclaimer": Disclaimer, "RecordSchema": record.Schema,
	})
	if err != nil {
		return err
	}
	// html/template escapes, but lets control characters pass.
	_, err = io.WriteString(w, strings.Map(func(r rune) rune {
		if r == '\n' {
			return r
		}
		return visible(r)
	}, b.String()))
	return err
}

func (a *Account) minuteRows() (out []minuteRow) {
	ms := func(v *float64) string {
		if v == nil {
			return "unknown"
		}
		return fmt.Sprintf("%.1f", *v*1000)
	}
	n := func(v uint64) string { return count(int(v)) }
	for _, m := range a.minutes[:min(len(a.minutes), mostRows)] {
		o := outsideOf(&m)
		out = append(out, minuteRow{
			a.clock(m.From.Time), n(m.Sent), n(o.up), n(o.down), n(o.unknown), n(m.LostInGaps()),
			ms(m.RoundTrip), ms(m.RoundTrip99), ms(m.PDVUp), ms(m.PDVDown), m.Folded,
		})
	}
	return out
}

func (a *Account) floorRows() (out []floorRow) {
	for _, f := range a.floors[:min(len(a.floors), mostRows)] {
		out = append(out, floorRow{a.clock(f.T), string(f.Direction), reading(f.Rate, f.Low), outcome(f.Outcome), f.Why})
	}
	return out
}
