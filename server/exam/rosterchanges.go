package exam

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"slices"

	"examlink/server/store"
)

// RosterCSV writes a roster, with its contacts, as ParseRoster reads it.
func RosterCSV(students []store.Student) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write(rosterFields)
	for _, s := range students {
		_ = w.Write([]string{s.ID, string(s.Contact), s.Group, s.Site}) // a buffer takes everything
	}
	w.Flush()
	return b.Bytes()
}

// RosterVersion names a state of a roster: two that differ have different versions.
func RosterVersion(students []store.Student) string {
	sorted := slices.SortedFunc(slices.Values(students), func(a, b store.Student) int { return bytes.Compare([]byte(a.ID), []byte(b.ID)) })
	sum := sha256.Sum256(RosterCSV(sorted))
	return base64.RawURLEncoding.EncodeToString(sum[:18])
}

// Changes is what a new roster changes. Students are named by their identifiers, in
// order.
type Changes struct {
	Added     []string        `json:"added"`
	Changed   []ChangedFields `json:"changed"`
	Removed   []string        `json:"removed"`
	Unchanged int             `json:"unchanged"`
}

// ChangedFields names what changes about a student.
type ChangedFields struct {
	Student string   `json:"student"`
	Fields  []string `json:"fields"`
}

// None reports whether nothing changes.
func (c Changes) None() bool { return len(c.Added)+len(c.Changed)+len(c.Removed) == 0 }

// CompareRosters returns what turns one roster into another.
func CompareRosters(now, next []store.Student) Changes {
	c := Changes{Added: []string{}, Changed: []ChangedFields{}, Removed: []string{}}
	was := make(map[string]store.Student, len(now))
	for _, s := range now {
		was[s.ID] = s
	}
	for _, s := range next {
		old, known := was[s.ID]
		delete(was, s.ID)
		fields := differing(old, s)
		switch {
		case !known:
			c.Added = append(c.Added, s.ID)
		case fields != nil:
			c.Changed = append(c.Changed, ChangedFields{s.ID, fields})
		default:
			c.Unchanged++
		}
	}
	for id := range was {
		c.Removed = append(c.Removed, id)
	}
	slices.Sort(c.Removed)
	return c
}

// differing names the fields that differ.
func differing(a, b store.Student) (fields []string) {
	if a.Contact != b.Contact {
		fields = append(fields, fieldContact)
	}
	if a.Group != b.Group {
		fields = append(fields, fieldGroup)
	}
	if a.Site != b.Site {
		fields = append(fields, fieldSite)
	}
	return fields
}
