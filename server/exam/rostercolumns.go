package exam

import (
	"fmt"
	"slices"
	"strings"
)

// The fields of a roster, in the order of columns without names.
const (
	fieldStudent = "student"
	fieldContact = "contact"
	fieldGroup   = "group"
	fieldSite    = "site"
)

var rosterFields = []string{fieldStudent, fieldContact, fieldGroup, fieldSite}

// columnNames are the names by which columns are known, without case, spaces and
// punctuation.
var columnNames = map[string]string{
	"student": fieldStudent, "studentid": fieldStudent, "studentnumber": fieldStudent, "studentno": fieldStudent, "id": fieldStudent,
	"pseudonym": fieldStudent, "candidate": fieldStudent, "candidateid": fieldStudent, "candidatenumber": fieldStudent,
	"matriculationnumber": fieldStudent, "userid": fieldStudent, "username": fieldStudent,
	"contact": fieldContact, "email": fieldContact, "emailaddress": fieldContact, "mail": fieldContact, "address": fieldContact,
	"phone": fieldContact, "mobile": fieldContact,
	"group": fieldGroup, "class": fieldGroup, "course": fieldGroup, "cohort": fieldGroup, "section": fieldGroup, "team": fieldGroup,
	"site": fieldSite, "location": fieldSite, "place": fieldSite, "room": fieldSite, "campus": fieldSite, "testcenter": fieldSite, "testcentre": fieldSite,
}

func columnField(name string) string {
	return columnNames[strings.NewReplacer(" ", "", "\u00a0", "", "_", "", "-", "", ".", "", "#", "").Replace(strings.ToLower(name))]
}

// header reads the names of the columns, or takes the line for the first student when
// it has none.
func (p *rosterParser) header(line int, row []string) {
	if !slices.ContainsFunc(row, func(s string) bool { return columnField(s) != "" }) {
		p.columns = rosterFields
		p.row(line, row)
		return
	}
	at := map[string]int{}
	p.columns = make([]string, len(row))
	for i, name := range row {
		field := columnField(name)
		first, twice := at[field]
		switch {
		case field == "":
			if name != "" {
				p.ignored = append(p.ignored, name)
			}
			continue
		case twice:
			p.problem(Problem{Line: line, Column: i + 1, Field: field, Text: fmt.Sprintf("%q means the same as column %d", name, first)})
		}
		at[field], p.columns[i] = i+1, field
	}
	if at[fieldStudent] == 0 {
		p.problem(Problem{Line: line, Field: fieldStudent, Text: `no column of pseudonyms, expected one named "student"`})
	}
}
