package probe

import (
	"examlink/probe/ippm"
	"examlink/probe/monitor"
	"examlink/probe/ratetest"
	"examlink/probe/record"
	"examlink/probe/session"
	"examlink/probe/watch"
)

// What a check and a watch report, under one roof.
type (
	// Interval is a rate with its bounds, IP-layer bit/s.
	Interval = ippm.Interval
	// Account and Figures are what the monitor stream saw.
	Account   = monitor.Account
	Figures   = monitor.Figures
	Quantiles = monitor.Quantiles
	Loaded    = monitor.Loaded
	// Floor, Capacity and Goodput are the results of rate tests.
	Floor    = ratetest.Floor
	Capacity = ratetest.Capacity
	// FloorOutcome is what a floor test found.
	FloorOutcome = ratetest.FloorOutcome
	Goodput      = ratetest.Goodput
	// RefusedError is a request that the server refused.
	RefusedError = session.RefusedError
	// WatchOptions configures a watch.
	WatchOptions = watch.Options
	// Attribution finds out what an interruption comes from.
	Attribution = watch.Attribution
	// Sink and LiveSink take what a watch finds.
	Sink     = watch.Sink
	LiveSink = watch.LiveSink
	// The events that sinks take.
	SessionEvent = watch.SessionEvent
	WindowEvent  = watch.WindowEvent
	FloorEvent   = watch.FloorEvent
	// SessionState is what has become of the connection.
	SessionState = watch.SessionState
	// Summary is the account of a whole watch.
	Summary = watch.Summary
	// MinuteBuilder gathers what a watch finds into the minutes of a record.
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

// FloorOf puts a floor test into the form of a record's.
func FloorOf(e FloorEvent) record.Floor { return watch.FloorOf(e) }
