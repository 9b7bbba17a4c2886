// Package record keeps the account of one watched exam on the student's
// computer: minute by minute figures, floor tests, warnings, and gaps with
// their cause, as JSON lines, each of which names the one before it by its
// hash.
//
// It knows how lines look, how they are written so that a killed client loses
// at most the last second, and how they are read and checked. It refuses to
// measure, to judge, and to know the time: times are handed in. A value that
// is not known is absent.
//
// The chain shows that no line between the first and the last was changed or
// taken out. It does not show that lines are missing at the end, nor that the
// whole was written anew: for that, compare its Head with one kept elsewhere.
package record

import (
	"fmt"
	"time"
)

// Schema names the layout of the lines. It changes when a field changes its
// meaning or goes; types and fields may be added without.
const Schema = "examlink.record/1"

// Type says what a line is, and which of its fields is set.
type Type string

// The types.
const (
	TypeStart   Type = "start"   // the client began; the first line, and one for each later start
	TypeMinute  Type = "minute"  // figures of about one minute
	TypeFloor   Type = "floor"   // one floor test
	TypeWarning Type = "warning" // a warning was raised, cleared or noted
	TypeGap     Type = "gap"     // a time that is not covered by figures, told when it is over
	TypeSession Type = "session" // what became of the connection
	TypeNote    Type = "note"    // about the record itself
	TypeEnd     Type = "end"     // the client ended on purpose
)

// Line is one line of a record. Exactly the field that Type names is set; none
// is when the type is of a later version.
type Line struct {
	T    Time   `json:"t"`    // when it was written, by the student's clock
	Seq  uint64 `json:"seq"`  // 1, 2, 3 and so on, without holes
	Prev Hash   `json:"prev"` // SHA-256 of the bytes of the line before, without its line feed; zeros in the first
	Type Type   `json:"type"`

	Start   *Start   `json:"start,omitempty"`
	Minute  *Minute  `json:"minute,omitempty"`
	Floor   *Floor   `json:"floor,omitempty"`
	Warning *Warning `json:"warning,omitempty"`
	Gap     *Gap     `json:"gap,omitempty"`
	Session *Session `json:"session,omitempty"`
	Note    *Note    `json:"note,omitempty"`
	End     *End     `json:"end,omitempty"`
}

// Entry is what a line says: a Start, Minute, Floor, Warning, Gap, Session,
// Note or End.
type Entry interface{ put(*Line) }

func (e Start) put(l *Line)   { l.Type, l.Start = TypeStart, &e }
func (e Minute) put(l *Line)  { l.Type, l.Minute = TypeMinute, &e }
func (e Floor) put(l *Line)   { l.Type, l.Floor = TypeFloor, &e }
func (e Warning) put(l *Line) { l.Type, l.Warning = TypeWarning, &e }
func (e Gap) put(l *Line)     { l.Type, l.Gap = TypeGap, &e }
func (e Session) put(l *Line) { l.Type, l.Session = TypeSession, &e }
func (e Note) put(l *Line)    { l.Type, l.Note = TypeNote, &e }
func (e End) put(l *Line)     { l.Type, l.End = TypeEnd, &e }

// check says what a decoded line lacks.
func (l *Line) check() string {
	set := map[Type]bool{
		TypeStart: l.Start != nil, TypeMinute: l.Minute != nil, TypeFloor: l.Floor != nil, TypeWarning: l.Warning != nil,
		TypeGap: l.Gap != nil, TypeSession: l.Session != nil, TypeNote: l.Note != nil, TypeEnd: l.End != nil,
	}
	if l.Type == "" {
		return "no type, expected one such as \"minute\""
	}
	if has, known := set[l.Type]; known && !has {
		return fmt.Sprintf("a line of type %q, expected it to hold %q", l.Type, l.Type)
	}
	for t, has := range set {
		if has && t != l.Type {
			return fmt.Sprintf("a line of type %q that holds %q, expected one of them", l.Type, t)
		}
	}
	return ""
}

// Time is a moment of the student's wall clock with its zone's offset. It is
// written as RFC 3339 with milliseconds.
type Time struct{ time.Time }

const timeLayout = "2006-01-02T15:04:05.000Z07:00"

// At makes a Time of t, cut to what is written.
func At(t time.Time) Time { return Time{t.Round(0).Truncate(time.Millisecond)} }

// MarshalJSON implements json.Marshaler.
func (t Time) MarshalJSON() ([]byte, error) {
	x := t.Time
	if _, offset := x.Zone(); offset%60 != 0 { // RFC 3339 has no seconds in an offset
		x = x.UTC()
	}
	if y := x.Year(); y < 0 || y > 9999 {
		return nil, fmt.Errorf("time %v, expected a year from 0 to 9999", x)
	}
	return x.AppendFormat(nil, `"`+timeLayout+`"`), nil
}
