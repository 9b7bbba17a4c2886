package watch

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"examlink/probe/link"
	"examlink/probe/monitor"
	"examlink/probe/ratetest"
	"examlink/probe/session"
	"examlink/probe/verdict"
	"examlink/probe/wire"
)

// ErrLeft is why a line has ended that its student's end has closed, as a page does that is
// closed or loaded anew.
var ErrLeft = errors.New("the page was closed")

// Line is what a watch measures over: a session of this computer with a server, or a page
// in a browser that a server leads. Directions are the student's: up is from the student
// to the server, whoever runs the watch.
type Line interface {
	ratetest.Runner
	session.Carrier
	// Connection returns what is known since the line was opened.
	Connection() Connection
	// Probes returns the monitor stream.
	Probes() *monitor.Stream
	// ProbeSize returns the size of a probe at the IP layer, in bytes.
	ProbeSize() int
	// Spent returns the IP-layer bytes of trains and their feedback so far.
	Spent() (up, down int64)
	// Control returns the IP-layer bytes so far that belong to neither probes nor trains.
	Control() (up, down int64)
	// OwnBytes returns all our IP-layer bytes so far, as the student received and sent them.
	OwnBytes() (received, sent int64)
	// Foreign returns what is known of the traffic of the student's other programs; nil:
	// nothing.
	Foreign() *session.Foreign
	// Absences returns what the student's end says of its absences, each once. A student's
	// program notices its own by its clocks: none.
	Absences() []Absence
	// Dismissed reports whether the server has asked to go on with another server.
	Dismissed() bool
	// Pause ends the monitor stream; the rest of the line goes on.
	Pause()
	// Sleep waits for d, or until ctx or the line ends: then with an error.
	Sleep(ctx context.Context, d time.Duration) error
	// Count returns how many packets of the monitor stream the other end has received; an
	// error: that is not known.
	Count(ctx context.Context) (wire.Count, error)
	// Abandon ends whatever still runs over the line, since another one replaces it.
	Abandon()
	// Close ends the line; a polite close says that it is intended.
	Close(polite bool)
}

// Connection is what is known of a line since it was opened.
type Connection struct {
	Server     string          // host:port
	Session    string          // the session's identifier
	Ticket     string          // resumes the session
	Resumed    bool            // it was resumed
	Policy     *verdict.Policy // what the exam's links are judged by; nil: the student's own choice
	Transport  link.Transport
	Remote     netip.AddrPort // the other end
	NoUDP      bool           // the student's end has none, as a browser without WebTransport; nothing blocks it
	Remembered bool           // Remote is the one of before, since its name could not be looked up
}

// Dialer opens the lines of a watch.
type Dialer interface {
	// Dial opens a line, or fails: session.Final tells whether a retry would help.
	Dial(ctx context.Context, w Wanted) (Line, error)
}

// Wanted is which line a watch wants next. The zero value is that of its first.
type Wanted struct {
	Earlier session.Earlier
	Server  string // the one in use; empty: none is
	Avoid   bool   // it has asked to go on with another one
	Beside  bool   // the line in use is by WebSocket and stays until one by UDP is there
}

// studentLine is a session of this computer.
type studentLine struct{ *session.Session }

var _ Line = studentLine{}

// Connection implements Line.
func (l studentLine) Connection() Connection {
	w := l.Welcome
	return Connection{
		Server: l.Config.Server, Session: w.Session, Ticket: w.Resume, Resumed: w.Resumed, Policy: w.Policy,
		Transport: l.Conn.Transport(), Remote: l.Remote, Remembered: l.Conn.Remembered(),
	}
}

// Probes implements Line.
func (l studentLine) Probes() *monitor.Stream { return l.Monitor }

// Control implements Line.
func (l studentLine) Control() (up, down int64) { return l.Conn.Control() }

// Foreign implements Line.
func (l studentLine) Foreign() *session.Foreign { return l.Session.Foreign }

// Absences implements Line.
func (l studentLine) Absences() []Absence { return nil }

// Abandon implements Line.
func (l studentLine) Abandon() { l.Conn.Close("moved") }

// studentDialer opens sessions of this computer.
type studentDialer struct{ o *Config }

// Dial implements Dialer.
func (d studentDialer) Dial(ctx context.Context, w Wanted) (Line, error) {
	config, within := &d.o.Config, time.Duration(0)
	switch {
	case w.Avoid:
		config = d.o.Avoiding(w.Server)
	case w.Server != "":
		config = d.o.Preferring(w.Server)
	}
	if w.Server != "" {
		within = RedialAttempt
	}
	open := func() (*session.Session, error) {
		return session.Dial(ctx, config, d.o.Join, wire.PurposeWatch, w.Earlier, within)
	}
	if w.Beside {
		try, cancel := context.WithTimeout(ctx, within)
		defer cancel()
		open = func() (*session.Session, error) {
			return session.Open(try, config, d.o.Join, link.UDP, wire.PurposeWatch, w.Earlier)
		}
	}
	s, err := open()
	if err != nil {
		return nil, err // not a Line that holds nil
	}
	return studentLine{s}, nil
}
