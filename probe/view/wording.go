package view

import (
	"fmt"
	"strings"
	"time"

	"examlink/probe/warning"
)

// Title names a warning at the beginning of a sentence.
func Title(w warning.Warning) string {
	s := SentenceCase(w.Kind.Title())
	if w.Episodes > 1 {
		s += fmt.Sprintf(" (comes and goes, %d times)", w.Episodes)
	}
	return s
}

// SentenceCase begins a text with a capital letter.
func SentenceCase(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// Began returns when the latest episode of a warning began.
func Began(w warning.Warning) time.Time {
	if w.Episodes > 1 && !w.Since.IsZero() {
		return w.Since
	}
	return w.Start
}

// Evidence says what was seen, where that is more than the title says and a student can
// use it.
func Evidence(w warning.Warning) string {
	switch w.Kind {
	case warning.Outage, warning.UDPBlocked, warning.Suspended:
		return ""
	case warning.Clock:
		return " " + w.Evidence
	default:
		if w.Evidence == "" {
			return ""
		}
		return ": " + w.Evidence
	}
}

// NoteAdvice says what to do about what is over; empty if there is nothing.
func NoteAdvice(w warning.Warning) string {
	if w.Kind == warning.Outage && w.Cause == warning.NotKnown {
		return ""
	}
	return w.Remedy()
}

// CauseWords says what an interruption came from; empty if that is not known.
func CauseWords(w warning.Warning) string {
	if w.Kind != warning.Outage || w.Cause == warning.NotKnown {
		return ""
	}
	return " Cause: " + string(w.Cause) + "."
}
