package agent

import (
	"errors"
	"time"

	"examlink/probe"
	"examlink/probe/link"
	"examlink/probe/record"
	"examlink/probe/warning"
)

// gaps tracks the current interruption of the connection for the record.
type gaps struct {
	open  *record.Gap // nil: the connection is not interrupted
	start time.Time   // of the warning
	ended time.Time   // end of the previous gap
}

// causeOf distinguishes an unavailable server from a network failure. The words come
// from a closed list or from the server: no address gets into a record.
func causeOf(err error) (record.Cause, string) {
	var refused *probe.RefusedError
	if errors.As(err, &refused) {
		return record.ServerGone, "the server refused: " + string(refused.Reason)
	}
	reason, ok := link.ReasonOf(err)
	if !ok {
		return record.Network, ""
	}
	switch reason {
	case link.ReasonNoServer, link.ReasonClosed, link.ReasonCertificate, link.ReasonProtocol:
		return record.ServerGone, string(reason)
	}
	return record.Network, string(reason)
}

// session updates the gap from a session event. seen is when the watch last reported
// anything; moved means that the session has changed its transport.
func (g *gaps) session(e probe.SessionEvent, seen time.Time, moved bool) {
	cause, words := causeOf(e.Err)
	switch {
	case e.State == probe.SessionWaiting && g.open == nil:
		g.open = &record.Gap{From: record.At(seen), Cause: cause, Words: words}
	case g.open == nil:
	case moved:
		g.open.Cause, g.open.Words = record.TransportChange, "to "+string(e.Transport)
	case e.Err == nil:
	case e.State == probe.SessionWaiting,
		(e.State == probe.SessionSilent || e.State == probe.SessionLost) && (g.open.Words == "" || cause == record.ServerGone):
		g.open.Cause, g.open.Words = cause, words
	}
}

// begin starts the gap of an outage warning. If the warning is active again, its
// Start is that of its first episode.
func (g *gaps) begin(w warning.Warning) {
	from := w.Start
	if w.Episodes > 1 {
		from = w.Since
		if from.Before(g.ended) {
			from = g.ended
		}
	}
	g.open, g.start = &record.Gap{From: record.At(from), Cause: record.Network}, w.Start
	g.because(w.Cause)
}

// update applies an updated outage warning to the open gap. The clock may have been
// set meanwhile.
func (g *gaps) update(w warning.Warning) {
	if g.open == nil {
		return
	}
	g.open.From = record.At(g.open.From.Add(w.Start.Sub(g.start)))
	g.start = w.Start
	g.because(w.Cause)
}

// because sets the gap's cause from a warning's cause, if known.
func (g *gaps) because(c warning.Cause) {
	switch {
	case g.open == nil || c == warning.NotKnown:
	case g.open.Cause == record.TransportChange: // it ended the interruption
	case c == warning.CauseServer && g.open.Cause == record.ServerGone: // the recorded words are more specific
	case c == warning.CauseServer:
		g.open.Cause, g.open.Words = record.ServerGone, ""
	case c == warning.CauseAsleep:
		g.open.Cause, g.open.Words = record.Suspended, ""
	case c == warning.CauseMoved:
		g.open.Cause, g.open.Words = record.TransportChange, string(c)
	default:
		g.open.Cause, g.open.Words = record.Network, string(c)
	}
}

// until returns the open gap with its end at at; nil if there is none.
func (g *gaps) until(at time.Time) *record.Gap {
	if g.open == nil {
		return nil
	}
	now := *g.open
	now.To = record.At(at)
	return &now
}

// end ends the gap and returns it; nil if there is none.
func (g *gaps) end(at time.Time) *record.Gap {
	gap := g.until(at)
	if gap != nil {
		g.open, g.ended = nil, at
	}
	return gap
}
