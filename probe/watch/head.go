package watch

import (
	"context"
	"time"

	"examlink/probe/session"
	"examlink/probe/wire"
)

// HeadAnswer is the server's answer to a head of the record.
type HeadAnswer = session.HeadAnswer

// RecordSink is a Sink that keeps a record, whose head the server countersigns. A watch
// has one at most; it uses the first.
type RecordSink interface {
	Sink
	// Head returns the head of the record; false if nothing in it is to be countersigned.
	Head() (wire.Head, bool)
	// Countersigned takes the server's answer to a head, received at a time. It may be that
	// of an earlier head or session.
	Countersigned(at time.Time, a HeadAnswer)
	// End writes the last line. Only Countersigned is called after it.
	End(at time.Time)
}

// recordSink returns the sink that keeps the record; nil if there is none.
func (w *watcher) recordSink() RecordSink {
	for _, k := range w.sinks {
		if r, ok := k.(RecordSink); ok {
			return r
		}
	}
	return nil
}

// reportHead lets the next minute that is delivered bring the record's head.
func (w *watcher) reportHead() {
	if r := w.recordSink(); r != nil {
		if h, ok := r.Head(); ok {
			w.reports.SetHead(h)
		}
	}
}

// countersigned passes the server's answer to the record.
func (w *watcher) countersigned(a HeadAnswer) {
	if a.Refused != "" {
		w.o.Log.Warn("the server does not countersign the record", "session", a.Session, "line", a.Head.Line, "reason", a.Refused)
	}
	if r := w.recordSink(); r != nil {
		r.Countersigned(w.o.Clock.Wall(), a)
	}
}

// endRecord ends the record and has the server countersign its end, within ctx.
func (w *watcher) endRecord(ctx context.Context, s Line) {
	r := w.recordSink()
	if r == nil {
		return
	}
	for more := true; more; { // answers that the loop did not get to
		select {
		case a := <-w.reports.Answers():
			w.countersigned(a)
		default:
			more = false
		}
	}
	r.End(w.o.Clock.Wall())
	if h, ok := r.Head(); ok {
		if a, ok := session.ReportHead(ctx, s, h, w.o.Clock.Wall()); ok {
			w.countersigned(a)
		}
	}
}
