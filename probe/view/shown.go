package view

import (
	"strings"

	"examlink/probe/ippm"
	"examlink/probe/verdict"
	"examlink/probe/warning"
)

// boundsOf returns the rates that a policy demands.
func boundsOf(b verdict.Bounds) Bounds {
	known := func(r ippm.Rate) *float64 {
		if r <= 0 {
			return nil
		}
		bits := float64(r)
		return &bits
	}
	return Bounds{Download: known(b.Download), Upload: known(b.Upload)}
}

// Shown returns a warning in the words of the entries that a watch prints.
func Shown(w warning.Warning) Warning {
	out := Warning{
		ID: w.ID, Kind: string(w.Kind), Active: w.Active(), Gap: w.Kind == warning.Outage || w.Kind == warning.Suspended,
		From: Began(w), To: w.End, Title: Title(w),
		Seen: strings.TrimLeft(Evidence(w), ": "), Meaning: w.Kind.Meaning(),
	}
	if CauseWords(w) != "" {
		out.Cause = string(w.Cause)
	}
	switch {
	case w.Active():
		out.Remedy = w.Remedy()
	case !w.End.IsZero() && w.Raised.Equal(w.Cleared):
		out.Remedy = NoteAdvice(w)
	}
	return out
}
