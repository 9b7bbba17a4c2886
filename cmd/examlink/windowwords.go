package main

import (
	"bytes"
	"fmt"
	"strings"

	"examlink/cmd/internal/window"
	"examlink/probe/ippm"
	"examlink/probe/record"
	"examlink/probe/record/report"
	"examlink/probe/verdict"
	"examlink/probe/warning"
)

// boundsOf returns the rates that a policy demands.
func boundsOf(b verdict.Bounds) window.Bounds {
	known := func(r ippm.Rate) *float64 {
		if r <= 0 {
			return nil
		}
		bits := float64(r)
		return &bits
	}
	return window.Bounds{Download: known(b.Download), Upload: known(b.Upload)}
}

// shownWarning returns a warning in the words of the entries that a watch prints.
func shownWarning(w warning.Warning) window.Warning {
	out := window.Warning{
		ID: w.ID, Kind: string(w.Kind), Active: w.Active(), Gap: w.Kind == warning.Outage || w.Kind == warning.Suspended,
		From: began(w), To: w.End, Title: title(w), When: strings.TrimPrefix(when(w), ", "),
		Seen: strings.TrimLeft(evidence(w), ": "), Meaning: w.Kind.Meaning(),
	}
	if causeWords(w) != "" {
		out.Cause = string(w.Cause)
	}
	switch {
	case w.Active():
		out.When, out.Remedy = "since "+clockTime(began(w)), w.Remedy()
	case w.End.IsZero(): // the watch ends, but not what it warned of
		out.When = "from " + clockTime(began(w)) + " to the end of the watch"
	case w.Raised.Equal(w.Cleared):
		out.Remedy = noteAdvice(w)
	}
	return out
}

// reportPage makes the page of a record's report.
func reportPage(file string) ([]byte, error) {
	r, err := record.Load(file)
	if err != nil {
		return nil, err
	}
	a, err := report.Make(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	var b bytes.Buffer
	err = a.HTML(&b)
	return b.Bytes(), err
}
