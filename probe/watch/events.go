package watch

import (
	"net/netip"
	"time"

	"examlink/probe/ippm"
	"examlink/probe/link"
	"examlink/probe/monitor"
	"examlink/probe/ratetest"
	"examlink/probe/verdict"
	"examlink/probe/warning"
)

// SessionState is the state of the connection, as a record names it.
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

// SessionEvent is a change of the connection's state.
type SessionEvent struct {
	At      time.Time
	State   SessionState
	Session string
	Server  string
	// Transport carries the session; empty before the first connection.
	Transport link.Transport
	// Address is the server's address as this computer reaches it; not for records.
	Address netip.AddrPort
	// Remembered reports that the server's name could not be looked up and that
	// Address is the previous one.
	Remembered bool
	// Policy is the one in force.
	Policy verdict.Policy
	Err    error
}

// WindowEvent is the account of the monitor stream for one window.
type WindowEvent struct {
	From, To time.Time
	Account  *monitor.Account // read-only
	Silent   bool             // the connection was interrupted at the end of the window
	// ProbeBytes is the IP-layer size of one probe or its echo.
	ProbeBytes int
	// ControlUp and ControlDown are the IP-layer bytes since the previous window
	// that belong to neither probes nor trains.
	ControlUp, ControlDown int64
}

// FloorEvent is one floor test with its cost at the IP layer: its trains in one
// direction, their feedback in the other.
type FloorEvent struct {
	At                 time.Time
	Floor              ratetest.Floor
	SpentUp, SpentDown int64 // bytes
}

// Sink receives everything a watch finds, one call at a time, in order. It must not
// block for long.
type Sink interface {
	Session(SessionEvent)
	Window(WindowEvent)
	Floor(FloorEvent)
	Warning(warning.Warning)
}

// LiveSink is a Sink that also receives the account of the unfinished window once a
// second. Window reports the same data again.
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
	Lasted     ippm.Seconds      `json:"duration_seconds"` // by a clock that is never set
	Session    string            `json:"session"`
	Exam       string            `json:"exam"`
	Connects   int               `json:"connects"`
	Monitor    monitor.Figures   `json:"monitor"`
	FloorTests int               `json:"floor_tests"`
	Glances    int               `json:"glances"`
	BytesUp    int64             `json:"bytes_upload"`
	BytesDown  int64             `json:"bytes_download"`
	Warnings   []warning.Warning `json:"warnings"` // in the order they were raised
	Episodes   Episodes          `json:"episodes"` // of the warnings, in the order they began
}
