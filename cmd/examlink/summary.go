package main

import (
	"fmt"
	"io"
	"time"

	"examlink/probe"
	"examlink/probe/verdict"
)

// printSummary prints the summary of a watch as text.
func printSummary(w io.Writer, s probe.Summary) {
	if s.Started.IsZero() {
		fmt.Fprintln(w, "The watch was stopped before it was due; nothing was measured.")
		return
	}
	if s.Connects == 0 {
		fmt.Fprintln(w, "The server could not be reached; nothing was measured.")
		return
	}
	m := s.Monitor
	fmt.Fprintf(w, "Watched for %s: %d packets, %d lost up, %d lost down", s.Lasted.Duration().Round(time.Second), m.Sent, m.LostUp, m.LostDown)
	if m.LostUnknown > 0 {
		fmt.Fprintf(w, ", %d lost in an unknown direction", m.LostUnknown)
	}
	if n := m.Unsent - m.Stalled - m.NoRoute; n > 0 {
		fmt.Fprintf(w, ", %d that this computer could not send on time", n)
	}
	fmt.Fprintln(w, ".")
	if m.OverTCP > 0 {
		fmt.Fprintf(w, "%d of the packets went over WebSocket (TCP), where losses show up as delay.\n", m.OverTCP)
	}
	if m.RoundTrip.Median != nil {
		fmt.Fprintf(w, "Round-trip delay: median %s", verdict.Format(*m.RoundTrip.Median, "s"))
		if m.RoundTrip.P99 != nil {
			fmt.Fprintf(w, ", 99th percentile %s", verdict.Format(*m.RoundTrip.P99, "s"))
		}
		fmt.Fprintln(w, ".")
	}
	fmt.Fprintf(w, "%d rate tests and %d quick rate checks, using %.2f MB down and %.2f MB up in total.\n", s.FloorTests, s.Glances, float64(s.BytesDown)/1e6, float64(s.BytesUp)/1e6)
	if len(s.Warnings) == 0 {
		fmt.Fprintln(w, "No warnings.")
		return
	}
	fmt.Fprintln(w, "Warnings:")
	for _, x := range s.Warnings {
		end := "until the end of the watch"
		if !x.End.IsZero() {
			end = "to " + x.End.Local().Format(time.TimeOnly)
		}
		fmt.Fprintf(w, "  %s %s  %s\n", x.Start.Local().Format(time.TimeOnly), end, x)
	}
}
