package store

import "time"

// About is all that a store keeps about one student of one exam.
type About struct {
	Roster      *Student  // nil: not on the roster
	Connected   time.Time // the last time, as Attendances has it; zero: never, or not on the roster
	Tokens      []Token
	Receipts    []Receipt
	Records     []RecordHead
	Sessions    []LiveSession
	Waiting     []Message // of all queues, to be delivered
	Undelivered []Undelivered
	Events      []LoggedEvent // of the log that servers share
}
