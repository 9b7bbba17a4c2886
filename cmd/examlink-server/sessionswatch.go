package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"examlink/cmd/internal/cli"
	"examlink/cmd/internal/daemon"
	"examlink/server/api"
	"examlink/server/board"
	"examlink/server/session"
)

// Chosen by us.
const (
	// repaintRate is how often --watch refreshes the list.
	repaintRate = time.Second
	// usualWidth is that of a screen whose size is not known, in columns.
	usualWidth = 80
)

// clearScreen moves to the top left corner and clears what is below.
const clearScreen = "\x1b[H\x1b[2J"

// watchSessions shows the sessions again and again: on a terminal on one screen, the worst
// first, as the board has them; with asJSON one line each time.
func watchSessions(c *cobra.Command, q *api.Client, exam string, asJSON bool) error {
	out := c.OutOrStdout()
	fd, terminal := daemon.Terminal(out)
	terminal = terminal && !asJSON
	tick := time.NewTicker(repaintRate)
	defer tick.Stop()
	for first := true; ; first = false {
		var page strings.Builder
		width, height := usualWidth, 0
		if terminal {
			if w, h, err := term.GetSize(fd); err == nil {
				width, height = w, h
			}
		}
		switch err := showWatched(c.Context(), q, &page, exam, asJSON, width, height); {
		case c.Context().Err() != nil:
			return nil
		case err != nil && first:
			return err
		case err != nil: // the server may be restarting
			fmt.Fprintf(c.ErrOrStderr(), "examlink-server: %s\n", cli.Message(err))
		default:
			if terminal {
				fmt.Fprint(out, clearScreen)
			}
			fmt.Fprint(out, page.String())
			if !asJSON && !terminal {
				fmt.Fprintln(out)
			}
		}
		select {
		case <-tick.C:
		case <-c.Context().Done():
			return nil
		}
	}
}

func showWatched(ctx context.Context, q *api.Client, out io.Writer, exam string, asJSON bool, width, height int) error {
	if asJSON {
		return showSessions(ctx, q, out, exam, true)
	}
	rows, err := q.Board(ctx, exam)
	if err != nil {
		return err
	}
	lines := boardLines(rows, width, height)
	_, err = io.WriteString(out, strings.Join(lines, "\n"))
	if height == 0 { // a screen that is full must not scroll
		fmt.Fprintln(out)
	}
	return err
}

// boardLines are the lines of a screen of width columns and height lines, 0: as many as
// there are. What does not fit is counted in the last line: the worst is always seen.
func boardLines(page board.Rows, width, height int) []string {
	trouble := 0
	for _, r := range page.Rows {
		switch r.State {
		case board.Dropped, board.BelowMinimum, board.Suspect:
			trouble++
		}
	}
	lines := []string{cut(fmt.Sprintf("%d in trouble of %d, at %s", trouble, len(page.Rows), page.At.UTC().Format(time.TimeOnly+" MST")), width)}
	for _, i := range page.Incidents {
		lines = append(lines, cut("! "+plain(i.Sentence), width))
	}
	if len(page.Rows) == 0 {
		return append(lines, "no students")
	}
	lines = append(lines, boardLine(width, "STATE", "LAST", "STUDENT", "EXAM", "DOWN", "UP", "WARNINGS"))
	left := len(page.Rows)
	if height > 0 {
		if left = max(height-len(lines), 0); left < len(page.Rows) {
			left = max(left-1, 0) // for the line that counts the rest
		}
	}
	shown := page.Rows[:min(left, len(page.Rows))]
	for _, r := range shown {
		lines = append(lines, boardLine(width, string(r.State), lastText(r, page.At), plain(r.Student), plain(r.Exam), mbitText(r.Download), mbitText(r.Upload), openText(r)))
	}
	if rest := page.Rows[len(shown):]; len(rest) > 0 && (height == 0 || len(lines) < height) {
		lines = append(lines, cut(restText(rest), width))
	}
	return lines
}

// boardLine puts the columns of a row together, in 80 columns or as many as there are.
func boardLine(width int, state, last, student, exam, down, up, open string) string {
	text := pad(state, 17) + " " + pad(last, 5) + " " + pad(student, 14) + " " + pad(exam, 10) + " " + pad(down, 6) + " " + pad(up, 6) + " " + open
	return strings.TrimRight(cut(text, width), " ")
}

// restText counts what is left out.
func restText(rows []board.Row) string {
	counts := map[board.State]int{}
	for _, r := range rows {
		counts[r.State]++
	}
	var parts []string
	for _, s := range board.States() {
		if n := counts[s]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	return fmt.Sprintf("and %d more: %s", len(rows), strings.Join(parts, ", "))
}

// lastText is the time since the last packet, now while packets come, or the time since a student was expected or left.
func lastText(r board.Row, now time.Time) string {
	at, none := r.LastPacket, "now"
	if r.State == board.Ended || r.State == board.NeverConnected {
		at, none = r.Since, "-"
	}
	if at.IsZero() {
		return none
	}
	switch d := max(now.Sub(at), 0); {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	default:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
}

// mbitText is a rate in Mbit/s, with > before a lower bound and ! behind one below the
// minimum.
func mbitText(r *board.Rate) string {
	text := "-"
	switch {
	case r == nil:
	case r.Value != nil:
		text = fmt.Sprintf("%.3g", *r.Value/1e6)
	case r.Low != nil:
		text = fmt.Sprintf(">%.3g", *r.Low/1e6)
	}
	if r != nil && r.Minimum == session.BelowBound {
		text += "!"
	}
	return text
}

// openText are the kinds of the open warnings.
func openText(r board.Row) string {
	var kinds []string
	for _, w := range r.Warnings {
		if !slices.Contains(kinds, w.Kind) {
			kinds = append(kinds, w.Kind)
		}
	}
	return strings.Join(kinds, ", ")
}

// pad makes a text as long as a column.
func pad(s string, columns int) string {
	s = cut(s, columns)
	return s + strings.Repeat(" ", columns-utf8.RuneCountInString(s))
}

// cut shortens a text that is longer than a column.
func cut(s string, columns int) string {
	if utf8.RuneCountInString(s) <= columns {
		return s
	}
	return string([]rune(s)[:max(columns-1, 0)]) + "…"
}
