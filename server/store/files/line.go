package files

import (
	"encoding/json"
	"fmt"

	"examlink/server/store"
	"examlink/server/store/memory"
)

// Chosen by us.
const (
	// version is that of the lines. A file of a later version is refused.
	version = 1
	maxLine = 256 << 10 // bytes with the line's end; a longer line is neither written nor read
)

// line is one line of a table's file: the version, or one change.
type line struct {
	Version int                `json:"version,omitempty"`
	Exam    *store.Exam        `json:"exam,omitempty"`
	Student *student           `json:"student,omitempty"`
	Receipt *store.Receipt     `json:"receipt,omitempty"`
	Record  *store.RecordHead  `json:"record,omitempty"`
	Session *store.LiveSession `json:"session,omitempty"`
	Gone    *gone              `json:"gone,omitempty"`
}

// student is a store.Student with its contact.
type student struct {
	Exam    string `json:"exam"`
	ID      string `json:"id"`
	Contact string `json:"contact,omitempty"`
	Group   string `json:"group,omitempty"`
	Site    string `json:"site,omitempty"`
}

type gone struct {
	Exam    string `json:"exam,omitempty"`
	Student string `json:"student,omitempty"`
	Session string `json:"session,omitempty"`
}

// format writes a change as a line, without its end.
func format(c memory.Change) ([]byte, error) {
	l := line{Exam: c.Exam, Receipt: c.Receipt, Record: c.Record, Session: c.Session, Gone: (*gone)(c.Gone)}
	if s := c.Student; s != nil {
		l.Student = &student{Exam: s.Exam, ID: s.ID, Contact: string(s.Contact), Group: s.Group, Site: s.Site}
	}
	b, err := json.Marshal(l)
	if err == nil && len(b) >= maxLine { // it could not be read back
		err = fmt.Errorf("%d bytes, expected at most %d: %w", len(b), maxLine-1, store.ErrTooLarge)
	}
	return b, err
}

// parse reads a line: a change, or the version of the lines that follow.
func parse(b []byte) (c memory.Change, version int, ok bool) {
	var l line
	if json.Unmarshal(b, &l) != nil {
		return c, 0, false // torn, or damaged
	}
	c = memory.Change{Exam: l.Exam, Receipt: l.Receipt, Record: l.Record, Session: l.Session, Gone: (*memory.Gone)(l.Gone)}
	if s := l.Student; s != nil {
		c.Student = &store.Student{Exam: s.Exam, ID: s.ID, Contact: store.Contact(s.Contact), Group: s.Group, Site: s.Site}
	}
	return c, l.Version, true
}
