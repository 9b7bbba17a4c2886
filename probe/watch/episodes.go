package watch

import (
	"time"

	"examlink/probe/warning"
)

// Episode is one time in which a warning was active. A warning that comes and goes has
// several.
type Episode struct {
	Kind  warning.Kind  `json:"kind"`
	From  time.Time     `json:"from"`
	To    time.Time     `json:"to"`              // of one that lasted to the end of the watch: that end
	Lasts bool          `json:"lasts,omitempty"` // it lasted to the end of the watch, or still does
	Cause warning.Cause `json:"cause,omitempty"` // if known
}

// Episodes collects the episodes of warnings as they change. The zero value is ready.
type Episodes []Episode

// Warning adds a change of a warning.
func (e *Episodes) Warning(w warning.Warning) {
	from := w.Start
	if w.Episodes > 1 && !w.Since.IsZero() {
		from = w.Since
	}
	x := e.active(w.Kind)
	if noted := !w.Active() && w.Raised.Equal(w.Cleared); x == nil || noted {
		*e = append(*e, Episode{Kind: w.Kind, Lasts: true})
		x = &(*e)[len(*e)-1]
	}
	x.From, x.To = from, from // a change may move its start: the clock was set
	if w.Cause != warning.NotKnown {
		x.Cause = w.Cause
	}
	switch {
	case w.Active():
	case w.End.IsZero(): // the watch ends
		x.To = w.Cleared
	default:
		x.To, x.Lasts = w.End, false
	}
}

// active returns the episode of a kind that has not ended; nil if there is none.
func (e Episodes) active(k warning.Kind) *Episode {
	for i := len(e) - 1; i >= 0; i-- {
		if e[i].Kind == k && e[i].Lasts {
			return &e[i]
		}
	}
	return nil
}
