package browser

import (
	"context"
	"errors"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/session"
	"examlink/probe/warning"
	"examlink/probe/watch"
	"examlink/probe/wire"
)

var _ watch.Line = (*Line)(nil)

// Connection implements watch.Line.
func (l *Line) Connection() watch.Connection {
	is := l.o.Opened
	return watch.Connection{
		Server: is.Server, Session: is.Session, Resumed: l.o.Resumed, Policy: is.Policy, Transport: is.Transport, Remote: l.to,
		NoUDP: l.Traits().HidesLoss && is.Blocked == "",
	}
}

// ProbeSize implements watch.Line.
func (l *Line) ProbeSize() int { return ippm.IPSize(wire.MinPacketSize, l.ipv6) }

// Spent implements watch.Line.
func (l *Line) Spent() (up, down int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.counted, l.handed
}

// Control implements watch.Line: what is left of the connection's bytes, whose packets
// carry probes and trains, too.
func (l *Line) Control() (up, down int64) {
	s, r := l.o.Conn.Control()
	if l.Traits().HidesLoss {
		return r, s
	}
	probes, echoes := l.monitor.Bytes(l.ProbeSize())
	trainsUp, trainsDown := l.Spent()
	return max(r-echoes-trainsUp, 0), max(s-probes-trainsDown, 0)
}

// Foreign implements watch.Line: a page knows nothing of other programs.
func (l *Line) Foreign() *session.Foreign { return nil }

// Away notes absences of the page, in the order of the calls.
func (l *Line) Away(now time.Time, all []wire.Away) {
	causes := map[wire.Why]warning.Cause{
		wire.WhyAsleep: warning.CauseAsleep, wire.WhyPaused: warning.CausePaused, wire.WhyClosed: warning.CauseClosed, wire.WhyOffline: warning.CauseNoNetwork,
	}
	ago := func(seconds float64) time.Time { return now.Add(-time.Duration(seconds * float64(time.Second))) }
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range all {
		l.away = append(l.away, watch.Absence{From: ago(a.From), To: ago(a.To), Cause: causes[a.Why]})
	}
	l.away = l.away[max(len(l.away)-wire.MaxAbsences, 0):]
}

// Absences implements watch.Line.
func (l *Line) Absences() []watch.Absence {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := l.away
	l.away = nil
	return out
}

// Dismissed implements watch.Line: the server is this one.
func (l *Line) Dismissed() bool { return false }

// Pause implements watch.Line.
func (l *Line) Pause() { l.cancel() }

// errCount is returned for the count of a page's packets.
var errCount = errors.New("a page is not asked how much it has received")

// Count implements watch.Line.
func (l *Line) Count(context.Context) (wire.Count, error) { return wire.Count{}, errCount }

// Abandon implements watch.Line.
func (l *Line) Abandon() { l.o.Conn.Close("moved") }

// Supersede ends the line, since the page's next one is there.
func (l *Line) Supersede() { l.end(link.ReasonClosed, errors.New(link.Superseded)) }

// Report implements watch.Line: the server that leads takes the report itself.
func (l *Line) Report(ctx context.Context, r wire.Report) (wire.Reported, wire.Refusal, error) {
	return l.o.Report(ctx, r)
}

// Ready implements watch.Line: reports do not use the link.
func (l *Line) Ready(time.Duration, time.Duration, bool) bool { return true }

// Countersigner implements watch.Line.
func (l *Line) Countersigner() (session, key string) { return l.o.Opened.Session, l.o.HeadKey }

// Done implements watch.Line: reports are taken until the watch is over, with or without
// the page.
func (l *Line) Done() <-chan struct{} { return l.o.Over }
