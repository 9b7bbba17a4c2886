package proof

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"

	"examlink/probe/receipt"
	"examlink/probe/record"
)

// countersignature verifies a countersignature where it stands.
func (p *reading) countersignature(l record.Line) {
	claim := l.Countersignature
	c, err := receipt.VerifyCountersignature(claim.JWS, p.keys...)
	switch {
	case errors.Is(err, receipt.ErrOtherKey):
		p.problem(OtherKey, "a countersignature %v", err)
		return
	case errors.Is(err, receipt.ErrChanged):
		p.problem(CountersignatureChanged, "a countersignature: %v", err)
		return
	case err != nil:
		p.problem(NotCountersignature, "%v", err)
		return
	}
	if !p.belongs(c) || !p.fits(l, c) {
		return
	}
	p.latest = c.Line
	p.Countersignatures++
	if p.in.Chain().Breaks > 0 {
		return // the chain up to its line is not whole
	}
	seen, err := c.SessionSeen()
	if err != nil {
		return // never: it is verified
	}
	p.Signed = &Signed{Line: c.Line, At: c.At, Key: keyOf(claim.JWS), Session: c.Session, Token: c.Token, Seen: seen}
}

// belongs reports whether a countersignature is of this record.
func (p *reading) belongs(c receipt.Countersignature) bool {
	switch {
	case c.Exam != p.Exam:
		p.problem(OtherExam, "a countersignature of exam %q in a record of exam %q", c.Exam, p.Exam)
	case p.Student != "" && c.Student != p.Student:
		p.problem(OtherStudent, "a countersignature of student %q in a record of student %q", c.Student, p.Student)
	case p.expected.Token != "" && c.Token != p.expected.Token:
		p.problem(OtherToken, "a countersignature by join token %q, expected %q", c.Token, p.expected.Token)
	case c.Record != receipt.Hash(p.in.First()):
		p.problem(OtherRecord, "a countersignature of another record, whose first line has the hash %v, expected %v", record.Hash(c.Record), p.in.First())
	case !p.sessions[c.Session]:
		p.problem(OtherSession, "a countersignature of session %q, which no line before it names", c.Session)
	default:
		return true
	}
	return false
}

// fits reports whether a countersignature says what its line says, stands behind the
// line that it covers, and covers that line as it is.
func (p *reading) fits(l record.Line, c receipt.Countersignature) bool {
	claim := l.Countersignature
	i, known := p.bySeq[c.Line]
	switch {
	case claim.Line != c.Line || !claim.At.Equal(record.At(c.At).Time):
		p.problem(ClaimDiffers, "the line says that line %d was countersigned at %v, but line %d was, at %v", claim.Line, utc(claim.At.Time), c.Line, utc(c.At))
	case c.Line >= l.Seq:
		p.problem(CountersignatureMoved, "the countersignature of line %d, expected behind that line", c.Line)
	case c.Line < p.latest:
		p.problem(CountersignatureMoved, "the countersignature of line %d after that of line %d", c.Line, p.latest)
	case !known || receipt.Hash(p.facts[i].hash) != c.Hash:
		p.problem(LineChanged, "line %d is not the one that the server countersigned at %v: it, or a line before it, was changed after that", c.Line, utc(c.At))
	default:
		return true
	}
	return false
}

// keyOf returns the identifier of the key that a verified JWS names.
func keyOf(jws string) string {
	head, _, _ := strings.Cut(strings.TrimSpace(jws), ".")
	b, _ := base64.RawURLEncoding.DecodeString(head)
	var h struct {
		Key string `json:"kid"`
	}
	_ = json.Unmarshal(b, &h)
	return h.Key
}
