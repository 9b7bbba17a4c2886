package probe

import (
	"examlink/probe/ippm"
	"examlink/probe/monitor"
	"examlink/probe/ratetest"
	"examlink/probe/record"
	"examlink/probe/session"
	"examlink/probe/watch"
)

// Results and types of checks and watches, re-exported.
type (
	// Interval is a rate with its bounds, IP-layer bit/s.
	Interval = ippm.Interval
	// Account and Figures hold the results of the monitor stream.
	Account   = monitor.Account
	Figures   = monitor.Figures
	Quantiles = monitor.Quantiles
	Loaded    = monitor.Loaded
	// Floor, Capacity and Goodput are the results of rate tests.
	Floor    = ratetest.Floor
	Capacity = ratetest.Capacity
	// FloorOutcome is the outcome of a floor test.
	FloorOutcome = ratetest.FloorOutcome
	Goodput      = ratetest.Goodput
	// RefusedError is returned for a request that the server refused.
	RefusedError = session.RefusedError
	// WatchOptions configures a watch.
	WatchOptions = watch.Options
	// Attribution finds the cause of an interruption.
	Attribution = watch.Attribution
	// Sink and LiveSink receive the findings of a watch.
	Sink     = watch.Sink
	LiveSink = watch.LiveSink
	// RecordSink keeps a record, whose head the server countersigns.
	RecordSink = watch.RecordSink
	// Events that sinks receive.
	HeadAnswer   = watch.HeadAnswer
	SessionEvent = watch.SessionEvent
	WindowEvent  = watch.WindowEvent
	FloorEvent   = watch.FloorEvent
	// SessionState is the state of the connection.
	SessionState = watch.SessionState
	// Summary is the result of a whole watch.
	Summary = watch.Summary
	// Episodes are the times in which its warnings were active.
	Episode  = watch.Episode
	Episodes = watch.Episodes
	// MinuteBuilder collects the findings of a watch into the minutes of a record.
	MinuteBuilder = watch.MinuteBuilder
)

// The states of a session.
const (
	SessionWaiting   = watch.SessionWaiting
	SessionConnected = watch.SessionConnected
	SessionResumed   = watch.SessionResumed
	SessionSilent    = watch.SessionSilent
	SessionBack      = watch.SessionBack
	SessionLost      = watch.SessionLost
	SessionMoved     = watch.SessionMoved
)

// The outcomes of a floor test.
const (
	FloorMeets        = ratetest.FloorMeets
	FloorBelow        = ratetest.FloorBelow
	FloorInconclusive = ratetest.FloorInconclusive
)

// SummarySchema names the layout of Summary in JSON.
const SummarySchema = watch.Schema

// FloorOf converts a floor test to that of a record.
func FloorOf(e FloorEvent) record.Floor { return watch.FloorOf(e) }
