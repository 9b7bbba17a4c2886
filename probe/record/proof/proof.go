// Package proof says what the server's countersignatures prove about a record: up to
// which line it is as it was when the server signed, which lines are only the word of
// the student's program, and what does not hold.
//
// It reads and compares. It does not know where keys and heads come from, and it does
// not judge what a record says.
package proof

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"time"

	"examlink/probe/receipt"
	"examlink/probe/record"
	"examlink/probe/wire"
)

// Schema names the layout of Proof in JSON.
const Schema = "examlink.record-proof/1"

// Outcome is how much of a record is proved.
type Outcome string

// The outcomes.
const (
	Whole    Outcome = "whole"    // all lines, to the end
	Partly   Outcome = "partly"   // nothing contradicts, but the last lines are not countersigned
	Unsigned Outcome = "unsigned" // nothing contradicts, and nothing is countersigned
	Broken   Outcome = "broken"   // something does not hold: see the problems
)

// Proof is what holds of one record.
type Proof struct {
	Schema  string       `json:"schema"`
	Outcome Outcome      `json:"outcome"`
	File    string       `json:"file"`
	Exam    string       `json:"exam"`
	Student string       `json:"student,omitempty"` // a pseudonym; empty: the record does not say
	Record  receipt.Hash `json:"record"`            // of the first line
	Lines   int          `json:"lines"`
	Torn    int64        `json:"torn,omitempty"` // bytes after the last whole line
	Ended   bool         `json:"ended"`          // the record has its end line
	// EndSigned says that the end line is countersigned.
	EndSigned         bool `json:"end_countersigned"`
	Countersignatures int  `json:"countersignatures"` // that hold
	// Signed is the last countersignature that holds, with a whole chain up to its
	// line; nil: none.
	Signed *Signed `json:"countersigned"`
	// Compared says that the record was compared with the server's store.
	Compared bool `json:"compared,omitempty"`
	// Stored is the furthest head of this record in the store that is in the file; nil:
	// none.
	Stored *Head `json:"stored,omitempty"`
	// Others are heads of other records of the student's in the store.
	Others []Head `json:"other_records,omitempty"`
	// Unsigned are the lines that no signature covers; nil: none.
	Unsigned *Span     `json:"not_countersigned"`
	Problems []Problem `json:"problems"`
	// More counts problems of the kind of those that are listed.
	More int `json:"more_problems,omitempty"`

	facts []fact
	bySeq map[uint64]int // index in facts
}

// Signed is a countersignature that holds.
type Signed struct {
	Line    uint64    `json:"line"`
	At      time.Time `json:"at"`  // the server's clock
	Key     string    `json:"key"` // identifier of the key
	Session string    `json:"session"`
	Token   string    `json:"token"` // the join token's identifier
	Seen    wire.Seen `json:"seen"`  // what the server itself saw of the session
}

// Span are lines that are only the word of the student's program. Countersignatures
// among them are not counted.
type Span struct {
	Lines int         `json:"lines"`
	First uint64      `json:"first_line"`
	Last  uint64      `json:"last_line"`
	From  record.Time `json:"from"` // the student's clock
	To    record.Time `json:"to"`
}

// fact is what is kept of a line.
type fact struct {
	seq       uint64
	hash      record.Hash
	t         record.Time
	signature bool
}

// reading is a pass through a record.
type reading struct {
	*Proof
	keys     []ed25519.PublicKey
	expected receipt.Expected
	in       *record.Reader
	number   int // of the line, from 1
	sessions map[string]bool
	latest   uint64 // line of the last countersignature that holds
}

// Read reads a record to its end and verifies it with the server's public keys. What the
// record should be of, if given, is compared. The error covers reading only.
func Read(r io.Reader, name string, expected receipt.Expected, keys ...ed25519.PublicKey) (*Proof, error) {
	p := &reading{
		Proof: &Proof{Schema: Schema, File: name, Problems: []Problem{}, bySeq: map[uint64]int{}},
		keys:  keys, expected: expected, in: record.NewReader(r, name), sessions: map[string]bool{},
	}
	for {
		l, err := p.in.Next()
		var wrong *record.LineError
		switch {
		case errors.Is(err, io.EOF):
			return p.finish()
		case errors.As(err, &wrong):
			p.number++
			continue
		case err != nil:
			return nil, err
		}
		p.number++
		p.line(l)
	}
}

// line takes one readable line.
func (p *reading) line(l record.Line) {
	p.bySeq[l.Seq] = len(p.facts)
	p.facts = append(p.facts, fact{l.Seq, p.in.Chain().Head.Hash, l.T, l.Type == record.TypeCountersignature})
	switch {
	case l.Start != nil:
		p.start(l.Start)
	case l.Session != nil && l.Session.Session != "":
		p.sessions[l.Session.Session] = true
	case l.Countersignature != nil:
		p.countersignature(l)
	}
}

// start takes what the record is of.
func (p *reading) start(s *record.Start) {
	if s.Session != "" {
		p.sessions[s.Session] = true
	}
	if p.Exam != "" { // of a later run: the writer continues no other exam's record
		if s.Exam != p.Exam || s.Student != "" && p.Student != "" && s.Student != p.Student {
			p.problem(OtherRecord, "a start of exam %q, student %q, expected %q, %q", s.Exam, s.Student, p.Exam, p.Student)
		}
		return
	}
	p.Exam, p.Student = s.Exam, s.Student
	if want := p.expected.Exam; want != "" && s.Exam != want {
		p.problem(OtherExam, "a record of exam %q, expected %q", s.Exam, want)
	}
	if want := p.expected.Student; want != "" && s.Student != want {
		p.problem(OtherStudent, "a record of student %q, expected %q", s.Student, want)
	}
}

// finish takes the state of the whole chain.
func (p *reading) finish() (*Proof, error) {
	c := p.in.Chain()
	if c.Lines == 0 || p.Exam == "" && c.Break != nil && c.Break.Line == 1 {
		if c.Break != nil {
			return nil, c.Break
		}
		return nil, fmt.Errorf("%s:1: %w, expected a record's first line", p.File, io.ErrUnexpectedEOF)
	}
	p.Record = receipt.Hash(p.in.First())
	p.Lines, p.Torn, p.Ended = c.Lines, c.Torn, c.Ended
	if b := c.Break; b != nil {
		first := Problem{Line: b.Line, Name: Name(b.Kind), Words: b.Problem}
		p.Problems = append([]Problem{first}, p.Problems...) // before others of its line
		p.order()
		p.More += c.Breaks - 1
	}
	p.conclude()
	return p.Proof, nil
}

// conclude works out the unsigned lines and the outcome.
func (p *Proof) conclude() {
	covered := uint64(0)
	if p.Signed != nil {
		covered = p.Signed.Line
	}
	if p.Stored != nil {
		covered = max(covered, p.Stored.Line)
	}
	p.Unsigned = nil
	end := uint64(0) // the last line that is no countersignature
	for _, f := range p.facts {
		if f.signature {
			continue
		}
		end = f.seq
		if f.seq <= covered {
			continue
		}
		if p.Unsigned == nil {
			p.Unsigned = &Span{First: f.seq, From: f.t}
		}
		p.Unsigned.Lines++
		p.Unsigned.Last, p.Unsigned.To = f.seq, f.t
	}
	p.EndSigned = p.Ended && end > 0 && end <= covered
	switch {
	case len(p.Problems) > 0:
		p.Outcome = Broken
	case covered == 0:
		p.Outcome = Unsigned
	case !p.EndSigned || p.Unsigned != nil || p.Torn > 0:
		p.Outcome = Partly
	default:
		p.Outcome = Whole
	}
}
