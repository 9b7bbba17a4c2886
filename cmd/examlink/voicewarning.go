package main

import (
	"examlink/probe/view"
	"fmt"
	"strings"

	"examlink/probe/warning"
)

// Warning implements probe.Sink.
func (v *voice) Warning(w warning.Warning) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.link.Warning(w)
	v.own.warning(w)
	if w.Kind == warning.Outage {
		v.outage = v.wall()
	}
	held := v.held != nil && w.Kind == warning.Outage
	if held {
		v.held = nil
	}
	switch {
	case w.Active() && held:
		v.raised(w)
	case w.Active() && !w.Updated.IsZero():
		v.explain(w)
	case w.Active() && w.Kind == warning.Outage && w.Cause == warning.NotKnown && v.screen.repaint:
		v.held = &w // the state line shows it meanwhile
	case w.Active():
		v.raised(w)
	case w.End.IsZero(): // the watch ends: the verdict on it says so
	case held, w.Raised.Equal(w.Cleared):
		v.entry(w.Cleared, headNote, strings.TrimSpace(view.Title(w)+when(w)+view.Evidence(w)+"."+view.CauseWords(w)+" "+view.NoteAdvice(w)))
	default:
		v.entry(w.Cleared, headCleared, view.Title(w)+when(w)+"."+view.CauseWords(w))
	}
}

// raised writes the entry of a warning.
func (v *voice) raised(w warning.Warning) {
	v.advised = w.Remedy()
	text := fmt.Sprintf("%s since %s%s.%s %s", view.Title(w), clockTime(view.Began(w)), view.Evidence(w), view.CauseWords(w), w.Kind.Meaning())
	if v.advised != "" {
		text += " What to do: " + v.advised
	}
	v.entry(w.Raised, headWarning, text)
}

// explain says what to do about an interruption when its cause becomes known. Blocked UDP
// has a warning of its own.
func (v *voice) explain(w warning.Warning) {
	advice := w.Remedy()
	if w.Kind != warning.Outage || w.Cause == warning.CauseUDPBlocked || advice == v.advised {
		return
	}
	v.advised = advice
	v.entry(w.Updated, "", "Cause of the interruption: "+string(w.Cause)+". What to do: "+advice)
}
