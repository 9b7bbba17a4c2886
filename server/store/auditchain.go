package store

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// StudentMark stands for a student in the chain of the audit log, so that the pseudonym
// can be erased while the chain still holds.
//
// The chain covers Digest, which is SHA-256 over Salt, exam and pseudonym. Salt and
// pseudonym are kept beside the log, once for each student of an exam. When the student
// is erased, both go: what remains are 32 bytes that nobody can link to a pseudonym, not
// even by trying all of them, because the 32 random bytes of the salt are gone. The
// entries about one erased student can still be told to be about the same one.
type StudentMark struct {
	Digest Hash `json:"digest"`
	Salt   Hash `json:"salt,omitzero"` // zero: the student was erased
}

// NewStudentMark draws a mark for a student of an exam.
func NewStudentMark(exam, student string) StudentMark {
	m := StudentMark{}
	_, _ = rand.Read(m.Salt[:]) // crypto/rand never fails
	m.Digest = m.digest(exam, student)
	return m
}

func (m StudentMark) digest(exam, student string) Hash {
	return sum(m.Salt.String(), exam, student)
}

// IsZero reports whether there is no mark.
func (m StudentMark) IsZero() bool { return m == StudentMark{} }

// IsZero reports whether a hash is not set.
func (h Hash) IsZero() bool { return h == Hash{} }

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// auditTime is how times are written for the hash.
const auditTime = "2006-01-02T15:04:05.000000Z"

// sum is the SHA-256 of a JSON array of strings without white space, in UTF-8, in which
// only quotation marks and backslashes are escaped: other languages can do the same.
func sum(parts ...string) Hash {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(parts) // strings always encode
	return sha256.Sum256(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

// chained is the hash of an entry that comes after another.
func (e AuditEntry) chained(previous Hash) Hash {
	digest := ""
	if !e.Mark.Digest.IsZero() {
		digest = e.Mark.Digest.String()
	}
	return sum(
		previous.String(), fmt.Sprint(e.Number), e.At.UTC().Format(auditTime), e.Role, e.Identity, string(e.Action),
		e.Exam, digest, e.Subject, string(e.Result), e.Reason, e.Detail,
	)
}

// Chain returns an entry as the next one after another.
func (e AuditEntry) Chain(previous AuditEnd) AuditEntry {
	e.Number = previous.Number + 1
	e.Hash = e.chained(previous.Hash)
	return e
}

// End is the entry as an end of the chain.
func (e AuditEntry) End() AuditEnd { return AuditEnd{e.Number, e.At, e.Hash} }

// AuditEnd is one entry as the beginning or the end of a chain. The zero value is what
// comes before the first entry.
type AuditEnd struct {
	Number uint64    `json:"number"`
	At     time.Time `json:"at,omitzero"`
	Hash   Hash      `json:"hash"`
}

// AuditEnds say where the log begins and ends. Base is the last entry that retention has
// removed, zero if there is none; Head is the latest.
type AuditEnds struct {
	Base AuditEnd `json:"base"`
	Head AuditEnd `json:"head"`
}

// AuditFlaw is one thing that does not hold in an audit log.
type AuditFlaw struct {
	Number  uint64 `json:"number"` // of the entry
	Problem string `json:"problem"`
}

// mostFlaws bounds what AuditCheck keeps: after one entry is gone, many may be wrong.
const mostFlaws = 100

// AuditCheck verifies the entries of a whole log one after the other. It needs nothing
// but the entries and the log's ends.
type AuditCheck struct {
	Entries uint64      // that were added
	Erased  uint64      // of them, about students who were erased
	Flaws   []AuditFlaw // at most 100
	ends    AuditEnds
	last    AuditEnd
}

// NewAuditCheck begins a verification at the log's base.
func NewAuditCheck(ends AuditEnds) *AuditCheck { return &AuditCheck{ends: ends, last: ends.Base} }

func (c *AuditCheck) flaw(number uint64, format string, args ...any) {
	if len(c.Flaws) < mostFlaws {
		c.Flaws = append(c.Flaws, AuditFlaw{number, fmt.Sprintf(format, args...)})
	}
}

// Add verifies the next entry.
func (c *AuditCheck) Add(e AuditEntry) {
	c.Entries++
	want := c.last.Number + 1
	switch {
	case e.Number > want+1:
		c.flaw(e.Number, "entries %d to %d are missing before it", want, e.Number-1)
	case e.Number > want:
		c.flaw(e.Number, "entry %d is missing before it", want)
	case e.Number < want:
		c.flaw(e.Number, "comes after entry %d: the order was changed, or the entry occurs twice", c.last.Number)
	case e.chained(c.last.Hash) != e.Hash:
		c.flaw(e.Number, "its hash does not match its content and the entry before it: one of them was changed")
	}
	switch {
	case e.Student == "" && !e.Mark.IsZero():
		if c.Erased++; !e.Mark.Salt.IsZero() {
			c.flaw(e.Number, "has the salt of a student and no student")
		}
	case e.Student != "" && e.Mark.digest(e.Exam, e.Student) != e.Mark.Digest:
		c.flaw(e.Number, "its student is not the one that was written: the digest differs")
	}
	c.last = e.End()
}

// Close verifies that the log's end was reached. Entries that were added to a live log
// since its ends were read are no flaw.
func (c *AuditCheck) Close() {
	switch head := c.ends.Head; {
	case c.last.Number < head.Number:
		c.flaw(head.Number, "the log ends at entry %d, expected %d: the entries after it are missing", c.last.Number, head.Number)
	case c.last.Number == head.Number && c.last.Hash != head.Hash:
		c.flaw(head.Number, "its hash is not that of the log's end")
	}
}

// Last returns the last entry that was added, or the base.
func (c *AuditCheck) Last() AuditEnd { return c.last }
