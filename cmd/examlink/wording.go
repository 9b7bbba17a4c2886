package main

import (
	"fmt"
	"strings"
	"time"

	"examlink/probe/warning"
)

// title names a warning at the beginning of a sentence.
func title(w warning.Warning) string {
	s := sentenceCase(w.Kind.Title())
	if w.Episodes > 1 {
		s += fmt.Sprintf(" (comes and goes, %d times)", w.Episodes)
	}
	return s
}

// sentenceCase begins a text with a capital letter.
func sentenceCase(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// began returns when the latest episode of a warning began.
func began(w warning.Warning) time.Time {
	if w.Episodes > 1 && !w.Since.IsZero() {
		return w.Since
	}
	return w.Start
}

// when says from when to when the latest episode lasted.
func when(w warning.Warning) string {
	if w.Kind == warning.Clock { // its times are of two clocks
		return ""
	}
	return ", " + between(began(w), w.End)
}

// evidence says what was seen, where that is more than the title says and a student can
// use it.
func evidence(w warning.Warning) string {
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

// noteAdvice says what to do about what is over; empty if there is nothing.
func noteAdvice(w warning.Warning) string {
	if w.Kind == warning.Outage && w.Cause == warning.NotKnown {
		return ""
	}
	return w.Remedy()
}

// causeWords says what an interruption came from; empty if that is not known.
func causeWords(w warning.Warning) string {
	if w.Kind != warning.Outage || w.Cause == warning.NotKnown {
		return ""
	}
	return " Cause: " + string(w.Cause) + "."
}
