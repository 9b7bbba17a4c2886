package store

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// KeepUndelivered is how many undelivered messages a queue lists: chosen by us.
const KeepUndelivered = 200

// ReceiverName matches the names of receivers, which occur in file names and
// labels.
var ReceiverName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

// Message is one notice on its way to one receiver.
type Message struct {
	Number uint64 `json:"number"` // its place in the queue, from 1; Put sets it
	ID     string `json:"id"`     // no other message of the queue has it
	Lane   string `json:"lane"`   // messages of a lane are delivered in order
	Kind   string `json:"kind"`
	// Exam and Student are whom the message is about, so that Erase finds it; empty:
	// nobody in particular.
	Exam    string    `json:"exam,omitempty"`
	Student string    `json:"student,omitempty"`
	At      time.Time `json:"at"` // the server's clock
	// Body is JSON of at most MaxBody bytes, as json.Marshal writes it: then it is
	// kept byte for byte.
	Body json.RawMessage `json:"body"`
}

// Clean checks a message and returns it as it is stored. Errors: ErrInvalid,
// ErrTooLarge.
func (m Message) Clean() (Message, error) {
	m.At, m.Body = Instant(m.At), bytes.Clone(m.Body)
	err := cmp.Or(
		checkIDs(text{"message", m.ID}),
		checkTexts(text{"lane", m.Lane}, text{"kind", m.Kind}, text{"exam", m.Exam}, text{"student", m.Student}),
	)
	switch {
	case err != nil:
	case len(m.Body) > MaxBody:
		err = fmt.Errorf("%d bytes, expected at most %d: %w", len(m.Body), MaxBody, ErrTooLarge)
	case !json.Valid(m.Body):
		err = fmt.Errorf("body: expected JSON: %w", ErrInvalid)
	}
	if err != nil {
		return Message{}, fmt.Errorf("message: %w", err)
	}
	return m, nil
}

// Undelivered is a message that was given up. Times are the server's clock.
type Undelivered struct {
	Receiver string    `json:"receiver"`
	ID       string    `json:"id"`
	Kind     string    `json:"kind"`
	Exam     string    `json:"exam,omitempty"`
	Student  string    `json:"student,omitempty"`
	At       time.Time `json:"at"` // of the message
	GivenUp  time.Time `json:"given_up"`
	Why      string    `json:"why"`
	Sentence string    `json:"sentence"` // the message in one sentence
}

// GiveUp is a message as one that was given up.
func (m Message) GiveUp(receiver string, r Reason) Undelivered {
	return Undelivered{
		Receiver: receiver, ID: m.ID, Kind: m.Kind, Exam: m.Exam, Student: m.Student,
		At: m.At, GivenUp: Instant(r.At), Why: plain(r.Why), Sentence: plain(r.Sentence),
	}
}

// Reason is why a message is given up, for people.
type Reason struct {
	Why      string
	Sentence string // the message in one sentence
	At       time.Time
}

// plain is a text without what PostgreSQL does not take.
func plain(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\ufffd"), "\x00", "\ufffd")
}

// Queue keeps the messages still to be delivered to one receiver, and the latest
// that were given up. It has no bound: its user gives up what is too much.
type Queue interface {
	// Put adds a message at the end and returns its number, which is higher than
	// any before, also of messages that are gone. Errors: ErrInvalid; ErrTooLarge.
	Put(ctx context.Context, m Message) (number uint64, err error)
	// Waiting returns all messages, by number.
	Waiting(ctx context.Context) ([]Message, error)
	// Delivered removes a message. Errors: ErrNotFound when it is not waiting.
	Delivered(ctx context.Context, number uint64) error
	// GiveUp moves a message to the undelivered ones. Errors: ErrNotFound when it
	// is not waiting.
	GiveUp(ctx context.Context, number uint64, r Reason) error
	// Undelivered returns the latest KeepUndelivered messages that were given up,
	// in the order in which they were.
	Undelivered(ctx context.Context) ([]Undelivered, error)
	// Close ends the use of the queue: later calls fail with ErrClosed. What is in
	// it is kept for the next Queue of the receiver. It may be called more than
	// once.
	Close() error
}
