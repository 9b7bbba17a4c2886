package report

import (
	"time"

	"examlink/probe/record"
	"examlink/probe/warning"
	"examlink/probe/wire"
)

// Warning is the latest state of a warning.
type Warning struct {
	N int `json:"n"`
	record.Warning
	// LostSight is set if the client stopped before the warning was cleared.
	LostSight bool `json:"lost_sight,omitempty"`
}

// Title describes the warning.
func (w Warning) Title() string { return w.Kind.Title() }

// episode is a period in which a warning was active. Its end is zero while it
// lasts.
type episode struct {
	kind     warning.Kind
	from, to time.Time
}

// warningTrack follows warnings through the lines of a record.
type warningTrack struct {
	warnings []Warning
	episodes []episode
	seen     time.Time // last sign of life of the current client
}

func (t *warningTrack) add(at time.Time, w record.Warning) {
	if w.State == record.Updated {
		t.update(w)
		return
	}
	known := false
	for i := len(t.warnings) - 1; i >= 0 && !known; i-- {
		if x := &t.warnings[i]; x.Kind == w.Kind && x.Start.Equal(w.Start) {
			x.Warning, known = w, true
		}
	}
	if !known {
		t.warnings = append(t.warnings, Warning{Warning: w})
	}
	if w.State == record.Raised {
		from := w.Start
		if known {
			from = at // active again
		}
		t.episodes = append(t.episodes, episode{kind: w.Kind, from: from})
		return
	}
	end := w.End
	if end.IsZero() {
		end = w.Cleared
	}
	for i := range t.episodes {
		if e := &t.episodes[i]; e.kind == w.Kind && e.to.IsZero() {
			e.to = end
		}
	}
}

// update applies an update of an active warning. Its start may change because
// the computer's clock was set.
func (t *warningTrack) update(w record.Warning) {
	for i := len(t.warnings) - 1; i >= 0; i-- {
		x := &t.warnings[i]
		if x.Kind != w.Kind || x.State != record.Raised || x.LostSight {
			continue
		}
		for j := range t.episodes {
			if e := &t.episodes[j]; e.kind == w.Kind && e.to.IsZero() {
				e.from = e.from.Add(w.Start.Sub(x.Start))
			}
		}
		w.State = record.Raised
		x.Warning = w
		return
	}
}

// lose ends the active warnings: the client stopped.
func (t *warningTrack) lose() {
	for i := range t.warnings {
		if w := &t.warnings[i]; w.State == record.Raised {
			w.LostSight = true
		}
	}
	for i := range t.episodes {
		if e := &t.episodes[i]; e.to.IsZero() {
			e.to = t.seen
		}
	}
}

// below returns the spans in which the rate of a direction was below the
// minimum; an active warning counts until end.
func (t *warningTrack) below(d wire.Direction, end time.Time) spans {
	kind := warning.DownloadBelowMinimum
	if d == wire.Up {
		kind = warning.UploadBelowMinimum
	}
	var out []span
	for _, e := range t.episodes {
		if e.kind != kind {
			continue
		}
		if e.to.IsZero() {
			e.to = end
		}
		out = append(out, span{e.from, e.to})
	}
	return union(out)
}
