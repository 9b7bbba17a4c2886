package store

import (
	"fmt"
	"time"
)

// Retention is how long each kind of data is kept. Zero is for ever. Exams, and
// alerts that are still to be delivered, are kept whatever it says.
type Retention struct {
	Rosters     time.Duration `mapstructure:"rosters" default:"2160h" min:"0s" doc:"Students of an exam with their contacts and when they were last connected, after the end of the exam."`
	Receipts    time.Duration `mapstructure:"receipts" default:"8760h" min:"0s" doc:"Receipts, after their check."`
	Records     time.Duration `mapstructure:"records" default:"8760h" min:"0s" doc:"The latest hash of each session's record, after it was reported."`
	Sessions    time.Duration `mapstructure:"sessions" default:"168h" min:"0s" doc:"Sessions whose end the server has not seen, after their state last changed. At least 24h: a session that is still live by then is not missed after a restart."`
	Undelivered time.Duration `mapstructure:"undelivered" default:"720h" min:"0s" doc:"Alerts that were not delivered, after they were given up."`
	Audit       time.Duration `mapstructure:"audit" default:"17520h" min:"0s" doc:"Entries of the audit log, at least 720h. The log can still be verified from the first entry that is left."`
}

// Least values, so that a mistake does not remove what is in use: chosen by us.
const (
	leastRetention = time.Hour
	leastSessions  = 24 * time.Hour // longer than an exam

	// LeastAudit is how long entries of the audit log are kept at least: a configuration
	// must not be the way to empty it.
	LeastAudit = 30 * 24 * time.Hour
)

// Field is one of the fields of a Retention by the name of its key.
type Field struct {
	Name string
	For  time.Duration
}

// Fields lists the fields.
func (r Retention) Fields() []Field {
	return []Field{{"rosters", r.Rosters}, {"receipts", r.Receipts}, {"records", r.Records}, {"sessions", r.Sessions}, {"undelivered", r.Undelivered}, {"audit", r.Audit}}
}

// Check checks a field.
func (f Field) Check() error {
	least := leastRetention
	switch f.Name {
	case "sessions":
		least = leastSessions
	case "audit":
		least = LeastAudit
	}
	if f.For != 0 && f.For < least {
		return fmt.Errorf("%v, expected 0s or at least %v", f.For, least)
	}
	return nil
}

// Removed counts what was removed for good.
type Removed struct {
	Students int64 `json:"students"` // entries of rosters
	Receipts int64 `json:"receipts"`
	Records  int64 `json:"records"`
	Sessions int64 `json:"sessions"`
	Tokens   int64 `json:"tokens"`   // join tokens that name the student no more
	Messages int64 `json:"messages"` // of queues, also those that were given up
	Events   int64 `json:"events"`   // of the log that servers share
	Audit    int64 `json:"audit"`    // entries of the audit log: of Erase, those that name the student no more
}
