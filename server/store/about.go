package store

// About is all that a store keeps about one student of one exam.
type About struct {
	Roster      *Student // nil: not on the roster
	Tokens      []Token
	Receipts    []Receipt
	Records     []RecordHead
	Sessions    []LiveSession
	Waiting     []Message // of all queues, to be delivered
	Undelivered []Undelivered
}
