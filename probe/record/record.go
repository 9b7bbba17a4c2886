// Package record keeps the record of one watched exam on the student's
// computer: minute-by-minute figures, floor tests, warnings, and gaps with
// their cause, as JSON lines, each of which contains the hash of the one
// before.
//
// It defines the lines, writes them so that a killed client loses at most the
// last second, and reads and verifies them. It neither measures nor judges, and
// reads no clock: times are passed in. Unknown values are absent.
//
// The chain proves that no line between the first and the last was changed or
// removed. It does not prove that no lines are missing at the end, nor that the
// whole was not rewritten. That is what the server's countersignatures in it are
// for, which package proof verifies.
package record

import (
	"fmt"
	"time"
)

// Schema names the line format. It changes when a field is removed or changes
// its meaning; adding types and fields does not change it.
const Schema = "examlink.record/1"

// Type is the type of a line; it determines which field is set.
type Type string

// The types.
const (
	TypeStart   Type = "start"   // the client started: the first line, and one per restart
	TypeMinute  Type = "minute"  // figures for about one minute
	TypeFloor   Type = "floor"   // one floor test
	TypeWarning Type = "warning" // a warning was raised, cleared or noted
	TypeGap     Type = "gap"     // a period without figures, written when it is over
	TypeSession Type = "session" // a change of the connection's state
	TypeNote    Type = "note"    // about the record itself
	TypeEnd     Type = "end"     // the client stopped on purpose
	// TypeCountersignature is the server's countersignature of an earlier line: one
	// about every minute, and one after the end.
	TypeCountersignature Type = "countersignature"
)

// Line is one line of a record. Exactly the field named by Type is set; none is
// if the type is from a later version.
type Line struct {
	T    Time   `json:"t"`    // time of writing, by the student's clock
	Seq  uint64 `json:"seq"`  // 1, 2, 3 and so on, without gaps
	Prev Hash   `json:"prev"` // SHA-256 of the previous line without its line feed; zeros in the first
	Type Type   `json:"type"`

	Start   *Start   `json:"start,omitempty"`
	Minute  *Minute  `json:"minute,omitempty"`
	Floor   *Floor   `json:"floor,omitempty"`
	Warning *Warning `json:"warning,omitempty"`
	Gap     *Gap     `json:"gap,omitempty"`
	Session *Session `json:"session,omitempty"`
	Note    *Note    `json:"note,omitempty"`
	End     *End     `json:"end,omitempty"`

	Countersignature *Countersignature `json:"countersignature,omitempty"`
}

// Entry is the content of a line: a Start, Minute, Floor, Warning, Gap,
// Session, Note, End or Countersignature.
type Entry interface{ put(*Line) }

func (e Start) put(l *Line)   { l.Type, l.Start = TypeStart, &e }
func (e Minute) put(l *Line)  { l.Type, l.Minute = TypeMinute, &e }
func (e Floor) put(l *Line)   { l.Type, l.Floor = TypeFloor, &e }
func (e Warning) put(l *Line) { l.Type, l.Warning = TypeWarning, &e }
func (e Gap) put(l *Line)     { l.Type, l.Gap = TypeGap, &e }
func (e Session) put(l *Line) { l.Type, l.Session = TypeSession, &e }
func (e Note) put(l *Line)    { l.Type, l.Note = TypeNote, &e }
func (e End) put(l *Line)     { l.Type, l.End = TypeEnd, &e }

func (e Countersignature) put(l *Line) { l.Type, l.Countersignature = TypeCountersignature, &e }

// check describes what a decoded line lacks; empty if nothing.
func (l *Line) check() string {
	set := map[Type]bool{
		TypeStart: l.Start != nil, TypeMinute: l.Minute != nil, TypeFloor: l.Floor != nil, TypeWarning: l.Warning != nil,
		TypeGap: l.Gap != nil, TypeSession: l.Session != nil, TypeNote: l.Note != nil, TypeEnd: l.End != nil,
		TypeCountersignature: l.Countersignature != nil,
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

// Time is a time of the student's wall clock with its UTC offset. It is written
// as RFC 3339 with milliseconds.
type Time struct{ time.Time }

const timeLayout = "2006-01-02T15:04:05.000Z07:00"

// At converts t to a Time, truncated to milliseconds.
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
