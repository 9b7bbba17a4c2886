package watch

import (
	"net/netip"
	"time"

	"examlink/probe/link"
	"examlink/probe/monitor"
	"examlink/probe/ratetest"
	"examlink/probe/warning"
)

// SessionState is what has become of the connection, in the words of a record.
type SessionState string

// The states of a session.
const (
	SessionWaiting   SessionState = "waiting"   // the first connection failed; the watch tries again
	SessionConnected SessionState = "connected" // a new session
	SessionResumed   SessionState = "resumed"   // the same session by a new connection
	SessionSilent    SessionState = "silent"    // the server no longer answers
	SessionBack      SessionState = "back"      // it answers again, by the same connection
	SessionLost      SessionState = "lost"      // the server refuses a new connection
	SessionMoved     SessionState = "moved"     // this computer has a new address in the network
)

// SessionEvent says what became of the connection.
type SessionEvent struct {
	At      time.Time
	State   SessionState
	Session string
	Server  string
	// Transport is what carries the session; empty before there is one.
	Transport link.Transport
	// Address is the server's, as that reaches it; not for records.
	Address netip.AddrPort
	// Remembered says that the server's name could not be looked up, and that
	// Address is the one it had before.
	Remembered bool
	Err        error
}

// WindowEvent is what the monitor stream saw in one window.
type WindowEvent struct {
	From, To time.Time
	Account  *monitor.Account // not to be changed
	Silent   bool             // the connection was interrupted at its end
	// ProbeBytes is what one probe, or its echo, takes at the IP layer.
	ProbeBytes int
	// ControlUp and ControlDown are the IP-layer bytes of everything since the
	// window before that was neither probe nor train.
	ControlUp, ControlDown int64
}

// FloorEvent is one floor test, and what it cost at the IP layer: its trains in
// one direction, what they were answered with in the other.
type FloorEvent struct {
	At                 time.Time
	Floor              ratetest.Floor
	SpentUp, SpentDown int64 // bytes
}

// Sink hears of everything a watch finds, one call at a time, in order. It
// must not block for long.
type Sink interface {
	Session(SessionEvent)
	Window(WindowEvent)
	Floor(FloorEvent)
	Warning(warning.Warning)
}

// LiveSink is a Sink that is also told, once a second, what the window in the
// making has seen so far. What it saw comes again with Window.
type LiveSink interface {
	Sink
	Live(WindowEvent)
}

// Schema names the layout of Summary in JSON. It changes when a field changes its
// meaning or goes.
const Schema = "examlink.watch/1"

// Summary is the account of a whole watch.
type Summary struct {
	Schema     string            `json:"schema"`
	Started    time.Time         `json:"started,omitzero"` // zero: nothing was watched
	Ended      time.Time         `json:"ended,omitzero"`
	Session    string            `json:"session"`
	Exam       string            `json:"exam"`
	Connects   int               `json:"connects"`
	Monitor    monitor.Figures   `json:"monitor"`
	FloorTests int               `json:"floor_tests"`
	Glances    int               `json:"glances"`
	BytesUp    int64             `json:"bytes_upload"`
	BytesDown  int64             `json:"bytes_download"`
	Warnings   []warning.Warning `json:"warnings"` // in the order they were raised
}
