package exam

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"examlink/server/store"
)

// Bounds of a roster: chosen by us.
const (
	MaxRosterBytes = 16 << 20
	MaxStudents    = 50_000
	maxProblems    = 100 // that are listed
)

// Problem is what is wrong with a place in a roster. It never quotes a contact.
type Problem struct {
	Line   int    `json:"line"`             // from 1; 0: the whole file
	Column int    `json:"column,omitempty"` // a field, from 1; 0: the whole line
	Field  string `json:"field,omitempty"`  // student, contact, group or site
	Text   string `json:"problem"`
}

func (p Problem) String() string {
	switch {
	case p.Line == 0:
		return p.Text
	case p.Column == 0:
		return fmt.Sprintf("line %d: %s", p.Line, p.Text)
	case p.Field == "":
		return fmt.Sprintf("line %d, column %d: %s", p.Line, p.Column, p.Text)
	}
	return fmt.Sprintf("line %d, column %d (%s): %s", p.Line, p.Column, p.Field, p.Text)
}

// RosterError is everything that is wrong with a roster.
type RosterError struct {
	Problems []Problem // at most 100
	More     int       // further ones
}

func (e *RosterError) Error() string {
	var lines []string
	for _, p := range e.Problems {
		lines = append(lines, p.String())
	}
	if e.More > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", e.More))
	}
	return "roster: " + strings.Join(lines, "\n")
}

// Roster is a roster that was read.
type Roster struct {
	Students []store.Student // by identifier
	// Ignored are the names of columns that mean nothing here.
	Ignored []string
}

// ParseRoster reads a roster as spreadsheets write CSV: UTF-8 or UTF-16, with commas,
// semicolons or tabs, quoted or not. The first line may name the columns; without
// names they are student, contact, group and site. The error is a *RosterError with
// all that is wrong.
func ParseRoster(b []byte) (Roster, error) {
	p := rosterParser{lines: map[string]int{}}
	text, err := decodeText(b)
	switch {
	case len(b) > MaxRosterBytes:
		p.problem(Problem{Text: fmt.Sprintf("%d bytes, expected at most %d", len(b), MaxRosterBytes)})
	case err != nil:
		p.problems = append(p.problems, *err)
	default:
		p.parse(text)
	}
	if len(p.problems) == 0 && len(p.students) == 0 {
		p.problem(Problem{Text: "no students, expected a line for each"})
	}
	if len(p.problems) > 0 {
		return Roster{}, &RosterError{p.problems[:min(len(p.problems), maxProblems)], max(len(p.problems)-maxProblems, 0)}
	}
	slices.SortFunc(p.students, func(a, b store.Student) int { return strings.Compare(a.ID, b.ID) })
	return Roster{Students: p.students, Ignored: p.ignored}, nil
}

// rosterParser reads one roster.
type rosterParser struct {
	columns  []string // the field of each column; "": ignored
	ignored  []string
	students []store.Student
	lines    map[string]int // the line of each student
	problems []Problem
}

func (p *rosterParser) problem(x Problem) { p.problems = append(p.problems, x) }

func (p *rosterParser) parse(text []byte) {
	first := 1
	// Excel writes and reads this line, which is no part of the table.
	if m := separatorLine.FindSubmatch(text); m != nil {
		text, first = text[len(m[0]):], 2
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma, r.FieldsPerRecord, r.ReuseRecord = separator(text), -1, true
	for {
		row, err := r.Read()
		var broken *csv.ParseError
		switch {
		case err == io.EOF:
			return
		case errors.As(err, &broken):
			p.problem(Problem{Line: broken.Line + first - 1, Text: quoteProblem(broken)})
			if broken.Line > broken.StartLine { // a quote that does not end has taken the rest
				return
			}
			continue
		case err != nil: // never: the reader is in memory
			p.problem(Problem{Text: err.Error()})
			return
		}
		line, _ := r.FieldPos(0)
		line += first - 1
		for i := range row {
			row[i] = strings.TrimFunc(row[i], unicode.IsSpace)
		}
		switch {
		case strings.Join(row, "") == "": // below the table
		case p.columns == nil:
			p.header(line, row)
		default:
			p.row(line, row)
		}
		if len(p.students) > MaxStudents {
			p.problem(Problem{Line: line, Text: fmt.Sprintf("more than %d students", MaxStudents)})
			return
		}
	}
}

func quoteProblem(e *csv.ParseError) string {
	switch {
	case errors.Is(e, csv.ErrBareQuote):
		return `a quotation mark inside a field, expected the field in quotation marks and this one twice`
	case errors.Is(e, csv.ErrQuote) && e.Line > e.StartLine:
		return fmt.Sprintf("the quotation mark opened on line %d is not closed properly", e.StartLine)
	}
	return "a quotation mark that is not closed properly"
}

// row takes the line of a student.
func (p *rosterParser) row(line int, row []string) {
	var s store.Student
	student := 0 // its column
	for i, text := range row {
		field := ""
		if i < len(p.columns) {
			field = p.columns[i]
		} else if text != "" {
			p.problem(Problem{Line: line, Column: i + 1, Text: fmt.Sprintf("a field too many, expected %d", len(p.columns))})
		}
		if field == "" {
			continue
		}
		if why := checkField(field, text); why != "" {
			p.problem(Problem{Line: line, Column: i + 1, Field: field, Text: why})
		}
		switch field {
		case fieldStudent:
			s.ID, student = text, i+1
		case fieldContact:
			s.Contact = store.Contact(text)
		case fieldGroup:
			s.Group = text
		case fieldSite:
			s.Site = text
		}
	}
	earlier, twice := p.lines[s.ID]
	switch {
	case student == 0:
		p.problem(Problem{Line: line, Field: fieldStudent, Text: "student: no such field on this line, expected a pseudonym"})
		return
	case s.ID == "":
	case twice:
		p.problem(Problem{Line: line, Column: student, Field: fieldStudent, Text: fmt.Sprintf("%s is on line %d already", shown(s.ID), earlier)})
	default:
		p.lines[s.ID] = line
	}
	p.students = append(p.students, s)
}

// shortened matches what a spreadsheet makes of a long number.
var shortened = regexp.MustCompile(`^[0-9]([.,][0-9]+)?[eE]\+[0-9]+$`)

// checkField returns what is wrong with a field; empty: nothing.
func checkField(field, text string) string {
	printable := !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
	switch {
	case len(text) > store.MaxText:
		return fmt.Sprintf("%d bytes, expected at most %d", len(text), store.MaxText)
	case !printable:
		return "a line break or another control character, expected printable characters only"
	case strings.HasPrefix(text, "=") || strings.HasPrefix(text, "@"):
		return fmt.Sprintf("begins with %q, which a spreadsheet takes for a formula", text[:1])
	case field != fieldStudent:
	case text == "":
		return "empty, expected a pseudonym"
	case strings.Contains(text, "@"):
		return "an address, expected a pseudonym"
	case shortened.MatchString(text):
		return fmt.Sprintf("%s is a number that a spreadsheet has shortened: format the column as text", text)
	}
	return ""
}

// shown quotes an identifier that a message names.
func shown(id string) string {
	if len(id) > 80 {
		id = strings.ToValidUTF8(id[:80], "") + "…"
	}
	return fmt.Sprintf("student %q", id)
}
