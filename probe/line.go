package probe

import (
	"context"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/monitor"
	"examlink/probe/ratetest"
	"examlink/probe/session"
	"examlink/probe/verdict"
	"examlink/probe/wire"
)

// Line is what a check measures over: a session of this computer with a server, or a
// page in a browser that a server leads. Directions are the student's: up is from the
// student to the server, whoever runs the check.
type Line interface {
	ratetest.Runner
	ratetest.Streamer
	// Opened returns what is known since the line was opened.
	Opened() Opened
	// Probes returns the monitor stream.
	Probes() *monitor.Stream
	// SetInterval sets the spacing of the monitor stream.
	SetInterval(time.Duration)
	// Sleep waits for d, or until ctx or the line ends: then with an error.
	Sleep(ctx context.Context, d time.Duration) error
	// PathMTU returns the size in bytes of the largest IP packet that passes both ways;
	// ok is false if that is not known.
	PathMTU(ctx context.Context, roundTrip time.Duration) (mtu int, ok bool)
	// OwnBytes returns all our IP-layer bytes so far, as the student received and sent
	// them.
	OwnBytes() (received, sent int64)
	// Others returns what sums the traffic of the student's other programs.
	Others() *session.Others
	// Err returns why the line ended; nil while it is open.
	Err() error
	// ServerEnded reports whether it was the server that ended the line with err, not the
	// link. silent reports whether packets still fail to come back.
	ServerEnded(ctx context.Context, err error, silent func() bool) bool
	// ReportVerdict has the server take the verdict and returns its receipt, a JWS;
	// empty: there is none. owed: it could not be stored yet.
	ReportVerdict(ctx context.Context, v verdict.Verdict) (receipt string, owed bool)
	// Close ends the line; a polite close says that it is intended.
	Close(polite bool)
}

// Opened is what is known of a line since it was opened.
type Opened struct {
	Server    string          // host:port
	Session   string          // the session's identifier
	Exam      string          // its exam
	Policy    *verdict.Policy // what the exam's links are judged by; nil: the student's own choice
	Transport link.Transport
	Blocked   link.Reason   // why it is not UDP; empty if it is, or was not tried
	Ahead     time.Duration // of the server's wall clock, compared with the student's
}

// CheckOver runs one readiness test over a line that is open and closes it. Its rules
// are those of Check, but it tries no other server. Of the options, those of a
// connection do not matter.
func CheckOver(ctx context.Context, o Options, l Line, progress func(Progress)) (Report, error) {
	o.setDefaults()
	c := newCheck(o, wire.JoinToken{}, progress)
	c.began = l.Now()
	err := c.measureOver(ctx, l)
	return c.r, err
}

// studentLine is a session of this computer.
type studentLine struct {
	*session.Session
	o     *Options
	token wire.JoinToken
}

var _ Line = studentLine{}

// Opened implements Line.
func (l studentLine) Opened() Opened {
	w := l.Welcome
	return Opened{
		Server: l.Config.Server, Session: w.Session, Exam: w.Exam, Policy: w.Policy, Transport: l.Conn.Transport(), Blocked: l.Blocked,
		Ahead: aheadOf(l.Session, *l.o),
	}
}

// Probes implements Line.
func (l studentLine) Probes() *monitor.Stream { return l.Monitor }

// Others implements Line. The first reading triggers the look-up of the interface, which
// takes a moment.
func (l studentLine) Others() *session.Others {
	l.Foreign.Bytes(l.Now())
	return session.NewOthers(l.Session)
}

// words says how a line is connected.
func (o Opened) words() string {
	said := "connected to " + o.Server
	switch {
	case o.Transport != link.WebSocket:
	case o.Blocked == "":
		said += " over WebSocket, because " + whyUDPUntried
	default:
		said += " over WebSocket, because the network blocks UDP"
	}
	return said
}

// opened takes a line that is open and puts what is known of it into the report.
func (c *check) opened(l Line) {
	c.s, c.run, c.beside = l, &patient{Line: l}, l.Others()
	is, r := l.Opened(), &c.r
	c.o.Policy = verdict.InForce(c.o.Policy, is.Policy)
	p := c.o.Policy
	r.Server, r.Policy, r.Session, r.Exam = is.Server, p, is.Session, is.Exam
	r.Transport, r.blocked = string(is.Transport), is.Blocked
	r.ClockAhead = ippm.Seconds(is.Ahead)
	r.FloorDown, r.FloorUp = ratetest.Untested(wire.Down, p.Minimum.Download), ratetest.Untested(wire.Up, p.Minimum.Upload)
	r.CapacityDown.Direction, r.CapacityUp.Direction = wire.Down, wire.Up
	r.GoodputDown.Direction, r.GoodputUp.Direction = wire.Down, wire.Up
	c.ways = []*way{
		{2, 4, &r.FloorDown, &r.CapacityDown, &r.GoodputDown, &r.LoadedDown, p.Recommended.Download, ratetest.Load{}, nil},
		{3, 5, &r.FloorUp, &r.CapacityUp, &r.GoodputUp, &r.LoadedUp, p.Recommended.Upload, ratetest.Load{}, nil},
	}
}
