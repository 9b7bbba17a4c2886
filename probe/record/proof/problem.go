package proof

import (
	"cmp"
	"fmt"
	"slices"

	"examlink/probe/record"
)

// Name is the closed list of what may not hold.
type Name string

// The names: of the chain, of a countersignature, and of a comparison with the
// server's store.
const (
	Unreadable  = Name(record.Unreadable)
	Missing     = Name(record.Missing)
	Misplaced   = Name(record.Misplaced)
	LineChanged = Name(record.Changed) // also: not the line that was countersigned

	NotCountersignature     Name = "not-a-countersignature"     // another kind of text or statement
	OtherKey                Name = "other-key"                  // signed with another key
	CountersignatureChanged Name = "countersignature-changed"   // the signature does not match
	OtherExam               Name = "other-exam"                 // of another exam
	OtherStudent            Name = "other-student"              // of another student
	OtherToken              Name = "other-token"                // by another join token
	OtherRecord             Name = "other-record"               // of another record
	OtherSession            Name = "other-session"              // of a session that the record does not name
	CountersignatureMoved   Name = "countersignature-misplaced" // it cannot stand in this place
	ClaimDiffers            Name = "claim-differs"              // the line says something else than what was signed

	Cut Name = "cut" // the server countersigned a later line than the last
)

// Problem is one thing that does not hold.
type Problem struct {
	Line  int    `json:"line"` // of the file, from 1
	Name  Name   `json:"name"`
	Words string `json:"words"`
}

// problemMost bounds the list of problems. Chosen by us.
const problemMost = 20

// add keeps the first problems in the order of their lines.
func (p *Proof) add(x Problem) {
	p.Problems = append(p.Problems, x)
	p.order()
}

func (p *Proof) order() {
	slices.SortStableFunc(p.Problems, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	if n := len(p.Problems) - problemMost; n > 0 {
		p.Problems, p.More = p.Problems[:problemMost], p.More+n
	}
}

// problem adds a problem of the current line.
func (p *reading) problem(n Name, format string, args ...any) {
	p.add(Problem{Line: p.number, Name: n, Words: fmt.Sprintf(format, args...)})
}
