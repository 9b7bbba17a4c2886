package watch

import (
	"time"

	"examlink/probe/outbox"
	"examlink/probe/session"
	"examlink/probe/verdict"
	"examlink/probe/wire"
)

// Config configures a watch. All fields except Dialer, Attribution and Seed must be set.
type Config struct {
	session.Config
	Join   wire.JoinToken // the decoded Token
	Policy verdict.Policy
	Watch  Options
	// Dialer opens the lines; nil: sessions of this computer.
	Dialer Dialer
	// Attribution finds the cause of an interruption; nil: only the connection's
	// own errors are known.
	Attribution Attribution
	// Outbox keeps the reports of a watch until the server has accepted them.
	Outbox *outbox.Queue
	Seed   uint64 // makes schedules and back-off repeatable; 0 draws one
}

// Options configures the daemon.
type Options struct {
	Window      time.Duration `mapstructure:"window" default:"5s" min:"1s" doc:"Delay and loss are judged once per window."`
	FloorEvery  time.Duration `mapstructure:"floor_every" default:"40s" min:"1s" doc:"Mean time between floor tests, which ask whether the rate is at least the minimum."`
	GlanceEvery time.Duration `mapstructure:"glance_every" default:"5s" min:"1s" doc:"Mean time between glances: trains of eight packets that detect a fall of the rate and then start a floor test at once."`
	BudgetShare float64       `mapstructure:"budget_share" default:"0.03" above:"0" max:"1" doc:"The share of the minimum rate that floor tests and glances may use, each way, averaged over a minute."`
	SilentAfter time.Duration `mapstructure:"silent_after" default:"3s" min:"1s" doc:"Without an echo for this long, the connection counts as interrupted."`
	RedialAfter time.Duration `mapstructure:"redial_after" default:"5s" doc:"Without an echo for this long, a new connection is tried beside the old one. At least silent_after."`
	RetestAfter time.Duration `mapstructure:"retest_after" default:"4s" above:"0s" doc:"When something looks wrong, the next floor test starts no sooner than this after the last one."`
}
