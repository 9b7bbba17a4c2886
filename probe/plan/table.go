package plan

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

// Schema names the JSON form of a plan and its version.
const Schema = "examlink.plan/1"

// With many checks, only the first and last ones are printed.
const shownFirst, shownLast = 12, 6

const stamp = "Mon 2 Jan 2006 15:04 MST"

type row struct {
	what string
	at   time.Time // zero: a remark
	note string
}

// String formats the plan as a table, in the exam's zone and, where the clocks
// differ, also in the student's.
func (p Plan) String() string {
	if p.Window.IsZero() {
		return "The time of the exam is unknown: the link is watched continuously.\n"
	}
	var b strings.Builder
	rows := p.rows()
	w := p.Window
	fmt.Fprintf(&b, "Exam from %s to %s, %s.\n", w.Start.Format(stamp), w.End.Format(stamp), w.Zone)
	if p.Made.After(p.Deadline) && p.Made.Before(w.Start) {
		fmt.Fprintf(&b, "A check was due by %s: if you have not made one, check now.\n", p.Deadline.Format(stamp))
	}
	local := p.local
	if local == nil {
		local = w.Zone
	}
	differs := false
	for _, r := range rows {
		_, here := r.at.In(local).Zone()
		_, there := r.at.In(w.Zone).Zone()
		differs = differs || !r.at.IsZero() && here != there
	}
	var table strings.Builder
	t := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	line := func(what, there, here, note string) {
		cells := []string{what, there, here, note}
		if !differs {
			cells = []string{what, there, note}
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	line("", "exam's time", "your time", "")
	for _, r := range rows {
		if r.at.IsZero() {
			line(r.what, "", "", "")
			continue
		}
		line(r.what, r.at.In(w.Zone).Format(stamp), r.at.In(local).Format(stamp), r.note)
	}
	_ = t.Flush() // a strings.Builder takes everything
	fmt.Fprintln(&b)
	for l := range strings.Lines(table.String()) {
		fmt.Fprintln(&b, strings.TrimRight(l, " \n"))
	}
	return b.String()
}

// rows lists the events in order.
func (p Plan) rows() (out []row) {
	deadline := !p.Deadline.Before(p.Made)
	by := row{"  check by", p.Deadline, p.ahead().String() + " before the exam"}
	for _, e := range p.Entries {
		out = append(out, row{what: string(e.Phase), at: e.From, note: notes[e.Phase]})
		for i, c := range e.Checks {
			if deadline && c.After(p.Deadline) {
				out, deadline = append(out, by), false
			}
			switch left := len(e.Checks) - shownFirst - shownLast; {
			case left > 1 && i == shownFirst:
				out = append(out, row{what: fmt.Sprintf("  and %d more", left)})
			case left > 1 && i > shownFirst && i < len(e.Checks)-shownLast:
			default:
				out = append(out, row{what: "  check", at: c})
			}
		}
		if deadline && e.Phase == Idle {
			out, deadline = append(out, by), false
		}
	}
	return out
}

func (p Plan) ahead() ahead { return ahead(p.Window.Start.Sub(p.Deadline)) }

// ahead is printed in hours, never in days, because the length of days differs.
type ahead time.Duration

func (a ahead) String() string {
	if d := time.Duration(a); d%time.Hour != 0 {
		return d.String()
	}
	return fmt.Sprintf("%d hours", time.Duration(a)/time.Hour)
}

var notes = map[Phase]string{
	Idle: "a few checks a day", PreExam: "the link is watched", Exam: "the link is watched continuously", Done: "nothing is measured",
}

// MarshalJSON writes the plan in the format of Schema: times are RFC 3339 with
// the offset of the exam's zone. Unknown or endless fields are omitted.
func (p Plan) MarshalJSON() ([]byte, error) {
	type exam struct {
		Start time.Time `json:"start"`
		End   time.Time `json:"end"`
		Zone  string    `json:"zone"`
	}
	type entry struct {
		Phase  Phase       `json:"phase"`
		From   time.Time   `json:"from"`
		To     *time.Time  `json:"to,omitempty"`
		Checks []time.Time `json:"checks,omitempty"`
	}
	v := struct {
		Schema   string     `json:"schema"`
		Made     time.Time  `json:"made"`
		Exam     *exam      `json:"exam,omitempty"`
		Deadline *time.Time `json:"deadline,omitempty"`
		Entries  []entry    `json:"entries"`
	}{Schema: Schema, Made: p.Made.Truncate(time.Second), Entries: []entry{}}
	if w := p.Window; !w.IsZero() {
		v.Exam, v.Deadline = &exam{w.Start, w.End, w.Zone.String()}, &p.Deadline
	}
	for i, e := range p.Entries {
		out := entry{Phase: e.Phase, From: e.From.Truncate(time.Second), Checks: e.Checks}
		if !e.To.IsZero() {
			out.To = &p.Entries[i].To
		}
		v.Entries = append(v.Entries, out)
	}
	return json.Marshal(v)
}
