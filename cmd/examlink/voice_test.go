package main

import (
	"bytes"
	"examlink/probe/view"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"examlink/probe"
	"examlink/probe/plan"
	"examlink/probe/verdict"
	"examlink/probe/warning"
	"examlink/probe/wire"
)

// student plays the watch to a voice and returns what a student reads.
func student(t *testing.T, terminal bool) string {
	t.Helper()
	t.Setenv("TZ", "UTC")
	local := time.Local
	time.Local = time.UTC
	t.Cleanup(func() { time.Local = local })
	var out bytes.Buffer
	s := &playedWatch{now: examDay.Add(-2 * time.Hour)}
	v := newVoice(&screen{w: &out, repaint: terminal}, slog.New(slog.DiscardHandler), plan.Plan{Window: examTime(t)}, s.wall, false)
	s.sink = v
	v.introduce(wire.JoinToken{Exam: "msds-5001", Student: "s-0017"}, examTime(t))
	s.play(func(d time.Duration) {
		for range int(d / time.Second) {
			v.tick()
			s.now = s.now.Add(time.Second)
		}
		s.now = s.now.Add(d % time.Second)
		v.tick()
	})
	v.screen.clear()
	printSummary(&out, s.result(), &v.link)
	return out.String()
}

// Without a terminal each event is one line, and the state is a line when it changes.
func TestStudentReadsLines(t *testing.T) {
	got := student(t, false)
	want := `examlink is watching your internet link for exam msds-5001.
Leave this window open until the exam is over, or start examlink again before the exam begins. If something is wrong with the link, you will read here what it is and what to do. Ctrl-C ends the watch.
The exam begins on Mon 30 Nov 2026 09:00 UTC (Mon 30 Nov 2026 02:00 MST at the exam), in 2 h 0 min.
`
	if !strings.HasPrefix(got, want) {
		t.Errorf("the beginning is\n%s", got)
	}
	t.Log("\n" + got)
	for _, want := range []string{
		"09:01:00  CLEARED  Upload below the minimum, from 09:00:00 to 09:00:59 (59 s).\n",
		"09:01:03  WARNING  Connection interrupted since 09:01:00. The exam's own connection is probably gone, too. What to do: Wait a few seconds",
		"09:01:05  Cause of the interruption: the router does not answer. What to do: Check the router's power and cables.",
		"09:01:10  CLEARED  Connection interrupted, from 09:01:00 to 09:01:10 (10 s). Cause: the router does not answer.\n",
		"GOOD: down 6.13+ (min 0.768), up 0.512 (min 0.384) Mbit/s, 22 ms, exam in 29 min\n",
		"POOR: upload below the minimum, down 6.13+/0.768 up 0.3/0.384, 22 ms, 2:59 h left\n",
		"NOTE  The computer was asleep, from 09:01:22 to 09:02:22 (1 min). Turn off sleep, and keep the lid open.\n",
		"Your link did not meet the exam's needs all the time.\n",
		"  - Upload below the minimum from 09:00:00 to 09:00:59 (59 s).\n",
		"Of 18000 packets, 65 were lost in interruptions and 35 at other times (0.2 %).\n",
		"The exam is from Mon 30 Nov 09:00 to 12:00: 1 min 23 s of it were watched (less than 1 %).\n",
		"Record: /home/s/exam.jsonl\nTo make a report of it:\n  examlink report --html report.html /home/s/exam.jsonl\n",
	} {
		if !strings.Contains(got, want) && !strings.Contains(strings.ReplaceAll(got, "\n", " "), strings.TrimSpace(want)) {
			t.Errorf("missing %q", want)
		}
	}
	for _, never := range []string{"floor", "glance", "packets could not be sent", "reconnecting", "answers again", "another network", "k7f3", "\x1b", "\r"} {
		if strings.Contains(strings.ToLower(got), never) {
			t.Errorf("a student reads %q", never)
		}
	}
	// One line for an interruption, one for its cause, one for its end, whatever the
	// connection does.
	if n := len(regexp.MustCompile(`(?m)^09:01:(0[1-9]|1[01])`).FindAllString(got, -1)); n != 4 { // and the state after it
		t.Errorf("%d lines from the interruption to its end, want 4", n)
	}
}

// On a terminal the interruption's entry waits for its cause, and no line is wider than
// the terminal.
func TestStudentReadsATerminal(t *testing.T) {
	got := student(t, true)
	words := strings.Join(strings.Fields(got), " ")
	if strings.Contains(words, "Cause of the interruption") || !strings.Contains(words, "Connection interrupted since 09:01:00. Cause: the router does not") {
		t.Errorf("an interruption and its cause are not one entry:\n%q", got)
	}
	if !strings.Contains(got, "\rNO CONNECTION  for 4 s, reconnecting by itself, 2 h 58 min left") {
		t.Errorf("the state line does not say for how long:\n%q", got)
	}
	for line := range strings.Lines(strings.ReplaceAll(got, "\r", "\n")) {
		if n := len([]rune(strings.TrimRight(line, " \b\n"))); n > usualWidth && !strings.Contains(line, "examlink report") {
			t.Errorf("%d columns: %q", n, line)
		}
	}
}

// A change of the network without an interruption is a note of its own.
func TestStudentReadsOfANewNetwork(t *testing.T) {
	var out bytes.Buffer
	s := &playedWatch{now: examDay}
	v := newVoice(&screen{w: &out}, slog.New(slog.DiscardHandler), plan.Plan{}, s.wall, false)
	s.sink = v
	s.session(probe.SessionMoved, nil)
	for range 10 {
		v.tick()
		s.now = s.now.Add(time.Second)
	}
	if got := out.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "NOTE  This computer has changed to another network") {
		t.Errorf("%q", got)
	}
}

// A state line fits terminals of 60 to 200 columns, and always shows rates, round trip
// and time left.
func TestStateLineFits(t *testing.T) {
	now := examDay.Add(68 * time.Minute)
	for _, c := range []struct {
		width int
		want  string
	}{
		{60, "GOOD  down 6.13+/0.768 up 0.512/0.384, 22 ms, 1:52 h left"},
		{80, "GOOD  down 6.13+ (min 0.768), up 0.512 (min 0.384) Mbit/s, 22 ms, 1:52 h left"},
		{200, "GOOD  download at least 6.13 Mbit/s (minimum 0.768), upload 0.512 Mbit/s (minimum 0.384), round trip 22 ms, 1 h 52 min left"},
	} {
		s := view.NewLink(examTime(t))
		s.Phase.Phase = plan.Exam
		s.Connected, s.Policy, s.RoundTrip = true, verdict.BuiltIn()[0], 22*time.Millisecond
		p := &playedWatch{now: now}
		p.sink = &voice{link: s, own: connection{log: slog.New(slog.DiscardHandler)}}
		p.floor(wire.Down, 0, 6.13e6)
		p.floor(wire.Up, 0.512e6, 0.5e6)
		word, rest := s.Line(now, c.width-3)
		if got := word + "  " + rest; got != c.want {
			t.Errorf("%d columns: %q, want %q", c.width, got, c.want)
		}
		for width := 60; width <= 200; width++ {
			for _, k := range warning.Kinds() {
				s.Active = map[warning.Kind]warning.Warning{k: {Kind: k, Start: now.Add(-90 * time.Second), Cause: warning.CauseBeyond, Episodes: 1}}
				word, rest := s.Line(now, width-3)
				if n := len([]rune(word + "  " + rest)); n >= width || rest == "" {
					t.Errorf("%d of %d columns: %s", n, width, rest)
				}
			}
		}
	}
}

// Durations are the differences of the times shown with them.
func TestTimesAddUp(t *testing.T) {
	for from := range 20 {
		for length := range 200 {
			a := examDay.Add(time.Duration(from) * 97 * time.Millisecond)
			b := a.Add(time.Duration(length) * 83 * time.Millisecond)
			var h1, m1, s1, h2, m2, s2, d int
			text := strings.Replace(between(a, b), "(less than 1 s)", "(0 s)", 1)
			if _, err := fmt.Sscanf(text, "from %d:%d:%d to %d:%d:%d (%d s)", &h1, &m1, &s1, &h2, &m2, &s2, &d); err != nil || (m2-m1)*60+s2-s1 != d {
				t.Fatalf("%s, %v", text, err)
			}
		}
	}
}
