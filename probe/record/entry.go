package record

import (
	"time"

	"examlink/probe/warning"
	"examlink/probe/wire"
)

// Start identifies the client, the exam and the policy.
type Start struct {
	Schema  string `json:"schema"`
	Client  string `json:"client"` // version
	System  string `json:"system"` // operating system and architecture
	Exam    string `json:"exam"`
	Student string `json:"student,omitempty"` // a pseudonym
	// Begins and Ends are the exam's, in its zone; zero: not known.
	Begins  Time   `json:"exam_begins,omitzero"`
	Ends    Time   `json:"exam_ends,omitzero"`
	Session string `json:"session,omitempty"` // if known at the start; otherwise in session lines
	Server  string `json:"server"`
	Policy  Policy `json:"policy"`
	Started Time   `json:"started"`
	Zone    string `json:"zone,omitempty"` // name of the time zone of all times
}

// Policy holds the bounds that the figures are judged by.
type Policy struct {
	Name        string `json:"name"`
	Version     string `json:"version"`
	Minimum     Rates  `json:"minimum"`
	Recommended Rates  `json:"recommended"`
}

// Rates are bit/s at the IP layer; 0 sets no bound.
type Rates struct {
	Download float64 `json:"download,omitempty"`
	Upload   float64 `json:"upload,omitempty"`
}

// Of returns the rate of one direction.
func (r Rates) Of(d wire.Direction) float64 {
	if d == wire.Up {
		return r.Upload
	}
	return r.Download
}

// Floor is one floor test of whether the rate reaches the target. Rates are
// bit/s at the IP layer, times seconds.
type Floor struct {
	Direction wire.Direction `json:"direction"`
	Target    float64        `json:"target"`
	Outcome   string         `json:"outcome"` // meets, below, inconclusive
	Rate      *float64       `json:"rate,omitempty"`
	Low       *float64       `json:"low,omitempty"`  // of the 95 % interval; without Rate: lower bound on the rate
	High      *float64       `json:"high,omitempty"` // of the 95 % interval
	Trains    int            `json:"trains"`
	Bytes     int64          `json:"bytes"` // cost in both directions
	Duration  float64        `json:"duration"`
	Rise      float64        `json:"rise"` // highest delay above the lowest
	Why       string         `json:"why,omitempty"`
}

// State is the state of a warning in a warning line.
type State string

// The states.
const (
	Raised  State = "raised"
	Updated State = "updated" // more became known while it is active
	Cleared State = "cleared"
	Noted   State = "noted" // already over when it became known
	Stood   State = "stood" // active when watching ended; its end is unknown
)

// Warning is the state of a warning when the line was written.
type Warning struct {
	State State `json:"state"`
	warning.Warning
}

// Warn converts a warning to an entry.
func Warn(w warning.Warning) Warning {
	s := Cleared
	switch {
	case w.Active() && !w.Updated.IsZero():
		s = Updated
	case w.Active():
		s = Raised
	case w.End.IsZero():
		s = Stood
	case w.Raised.Equal(w.Cleared):
		s = Noted
	}
	return Warning{State: s, Warning: w}
}

// Cause is the closed list of causes of a gap.
type Cause string

// The causes.
const (
	Network         Cause = "network"
	Suspended       Cause = "suspended"
	ClockStep       Cause = "clock-step"
	HostBusy        Cause = "host-busy"
	ClientStopped   Cause = "client-stopped" // detected at the next start
	ServerGone      Cause = "server-gone"
	TransportChange Cause = "transport-change"
)

// Causes lists every cause.
func Causes() []Cause {
	return []Cause{Network, Suspended, ClockStep, HostBusy, ClientStopped, ServerGone, TransportChange}
}

// Title describes a cause in plain words.
func (c Cause) Title() string {
	switch c {
	case Network:
		return "the network did not carry packets"
	case Suspended:
		return "the computer was asleep"
	case ClockStep:
		return "the computer's clock was set"
	case HostBusy:
		return "the computer was too busy to measure"
	case ClientStopped:
		return "examlink was not running"
	case ServerGone:
		return "the server did not answer"
	case TransportChange:
		return "the connection changed to another network or transport"
	}
	return string(c)
}

// Gap is a period without figures. If the clock was set back, To precedes From.
type Gap struct {
	From  Time   `json:"from"`
	To    Time   `json:"to"`
	Cause Cause  `json:"cause"`
	Words string `json:"words,omitempty"`
}

// Title describes the cause of the gap in plain words. How the connection was kept up
// again is no cause.
func (g Gap) Title() string {
	switch {
	case g.Cause != TransportChange:
		return g.Cause.Title()
	case g.Words == ToWebSocket:
		return "the network blocked UDP"
	case g.Words == string(warning.CauseMoved):
		return "the computer changed to another network"
	}
	return Network.Title()
}

// Remark returns what more is known of the gap; empty if nothing.
func (g Gap) Remark() string {
	switch {
	case g.Cause != TransportChange:
		return g.Words
	case g.Words == ToWebSocket:
		return "watching went on over TCP"
	case g.Words == ToUDP:
		return "watching went on over UDP"
	}
	return ""
}

// The words of a gap that ended with another transport.
const (
	ToWebSocket = "to websocket"
	ToUDP       = "to udp"
)

// Duration returns the length of the gap; 0 if the clock was set back in it.
func (g Gap) Duration() time.Duration { return max(g.To.Sub(g.From.Time), 0) }

// Session is a change of the connection's state.
type Session struct {
	State   string `json:"state"` // waiting, connected, resumed, silent, back, lost, moved, transport
	Session string `json:"session,omitempty"`
	Server  string `json:"server,omitempty"`
	// Transport is udp or websocket; over websocket losses show as delay and rates
	// are lower bounds. Empty: not connected, or unknown.
	Transport string `json:"transport,omitempty"`
	Words     string `json:"words,omitempty"`
	// Policy is the one in force from now on, if it is another than before.
	Policy *Policy `json:"policy,omitempty"`
}

// Note is a remark about the record itself.
type Note struct {
	About string `json:"about"` // torn, full, unwritten, unsigned
	Words string `json:"words"`
}

// EndReason is the reason a watch ended.
type EndReason string

// The reasons.
const (
	EndStopped  EndReason = "stopped"   // stopped by the user or the system
	EndTimeOver EndReason = "time-over" // its time limit was reached
	EndExamOver EndReason = "exam-over"
	EndFailed   EndReason = "failed" // it could not start
)

// End records the reason the client ended.
type End struct {
	Why     EndReason `json:"why"`
	Words   string    `json:"words,omitempty"`
	LeftOut uint64    `json:"left_out,omitempty"` // lines omitted for lack of room
}

// Countersignature is the server's statement that the record had a line with a hash.
// Line and At repeat what JWS says, for readers without the server's key.
type Countersignature struct {
	Line uint64 `json:"line"`
	At   Time   `json:"at"`  // the server's clock
	JWS  string `json:"jws"` // its content is an examlink.countersignature/1
}
