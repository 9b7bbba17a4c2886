package exam_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"examlink/server/exam"
	"examlink/server/store"
)

// inUTF16 writes a text as a spreadsheet's "Unicode text".
func inUTF16(text string, order binary.AppendByteOrder, mark bool) string {
	var b []byte
	if mark {
		b = order.AppendUint16(b, 0xfeff)
	}
	for _, u := range utf16.Encode([]rune(text)) {
		b = order.AppendUint16(b, u)
	}
	return string(b)
}

func TestParseRoster(t *testing.T) {
	zoe := store.Student{ID: "s-2", Contact: "zoë@example.edu", Group: "A, morning", Site: "Zürich"}
	all := []store.Student{{ID: "s-1", Contact: "one@example.edu", Group: "B"}, zoe}
	const table = "Student ID,E-Mail,Group,Site\ns-2,zoë@example.edu,\"A, morning\",Zürich\ns-1,one@example.edu,B,\n"
	semicolons := strings.NewReplacer("A, m", "A, m", ",", ";").Replace(table)
	tabs := strings.ReplaceAll(semicolons, ";", "\t")
	for name, c := range map[string]struct {
		text string
		want []store.Student
	}{
		"commas":              {table, all},
		"semicolons":          {semicolons, all},
		"tabs":                {tabs, all},
		"byte order mark":     {"\xef\xbb\xbf" + table, all},
		"CRLF":                {strings.ReplaceAll(table, "\n", "\r\n"), all},
		"CR":                  {strings.ReplaceAll(table, "\n", "\r"), all},
		"no last line end":    {strings.TrimSpace(table), all},
		"Excel's line":        {"sep=;\r\n" + strings.ReplaceAll(semicolons, "\n", "\r\n"), all},
		"UTF-16, little":      {inUTF16(strings.ReplaceAll(tabs, "\n", "\r\n"), binary.LittleEndian, true), all},
		"UTF-16, big":         {inUTF16(tabs, binary.BigEndian, true), all},
		"UTF-16, no mark":     {inUTF16(semicolons, binary.LittleEndian, false), all},
		"UTF-16, big, none":   {inUTF16(table, binary.BigEndian, false), all},
		"empty rows":          {",,,\n" + table + ",,,\n  ,\n\n", all},
		"another order":       {"site;EMAIL;student;Class\nZürich;zoë@example.edu;s-2;\"A, morning\"\n;one@example.edu;s-1;B\n", all},
		"by position":         {"s-2,zoë@example.edu,\"A, morning\",Zürich\ns-1,one@example.edu,B\n", all},
		"one column":          {"s-9\ns-8\n", []store.Student{{ID: "s-8"}, {ID: "s-9"}}},
		"one column, named":   {"pseudonym\ns-9\n", []store.Student{{ID: "s-9"}}},
		"spaces":              {"student , contact\n s-9 ,\u00a0a@example.edu \n", []store.Student{{ID: "s-9", Contact: "a@example.edu"}}},
		"quotes in a field":   {"student,group\ns-9,\"the \"\"A\"\" group\"\n", []store.Student{{ID: "s-9", Group: `the "A" group`}}},
		"everything in marks": {"\"student\";\"email\"\n\"s-9\";\"a@example.edu\"\n", []store.Student{{ID: "s-9", Contact: "a@example.edu"}}},
		"an unknown column":   {"Comment,student,\nx,s-9,y\n", []store.Student{{ID: "s-9"}}},
		"a telephone number":  {"student,phone\ns-9,+41 44 000 00 00\n", []store.Student{{ID: "s-9", Contact: "+41 44 000 00 00"}}},
	} {
		got, err := exam.ParseRoster([]byte(c.text))
		if err != nil || !slices.Equal(got.Students, c.want) {
			t.Errorf("%s: %#v, %v", name, got.Students, err)
		}
		if name == "an unknown column" && !slices.Equal(got.Ignored, []string{"Comment"}) {
			t.Errorf("ignored %q", got.Ignored)
		}
	}
}

func TestParseRosterProblems(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"nothing":       {"", []string{"no students, expected a line for each"}},
		"a header only": {"student,contact\n", []string{"no students, expected a line for each"}},
		"several lines": {"student,contact,group\ns-1,a@example.edu,A\n,b@example.edu,A\ns-1,c@example.edu,B,x\na@b,d@example.edu,C\n", []string{
			"line 3, column 1 (student): empty, expected a pseudonym",
			"line 4, column 4: a field too many, expected 3",
			`line 4, column 1 (student): student "s-1" is on line 2 already`,
			"line 5, column 1 (student): an address, expected a pseudonym",
		}},
		"after a field of two lines": {"student,group\ns-1,\"A\n\"\n=1+2,B\n", []string{
			`line 4, column 1 (student): begins with "=", which a spreadsheet takes for a formula`,
		}},
		"a line break inside": {"student,site\ns-1,\"A\nB\"\n", []string{"line 2, column 2 (site): a line break or another control character, expected printable characters only"}},
		"a shortened number":  {"student\n1.2346E+11\n", []string{"line 2, column 1 (student): 1.2346E+11 is a number that a spreadsheet has shortened: format the column as text"}},
		"no students' column": {"email,group\na@example.edu,A\n", []string{
			`line 1: no column of pseudonyms, expected one named "student"`,
			"line 2: student: no such field on this line, expected a pseudonym",
		}},
		"a name twice":    {"student,email,mail\ns-1,a,b\n", []string{`line 1, column 3 (contact): "mail" means the same as column 2`}},
		"a bare quote":    {"student,group\ns-1,a\"b\ns-2,c\"d\n", []string{"line 2: a quotation mark inside a field, expected the field in quotation marks and this one twice", "line 3: a quotation mark inside a field, expected the field in quotation marks and this one twice"}},
		"an open quote":   {"student,group\ns-1,\"a\ns-2,b\n", []string{"line 3: the quotation mark opened on line 2 is not closed properly"}},
		"Windows' CSV":    {"student,site\ns-1,Z\xfcrich\n", []string{"line 2: not UTF-8: save the spreadsheet as “CSV UTF-8”"}},
		"a long name":     {"student\n" + strings.Repeat("x", 2000) + "\n", []string{"line 2, column 1 (student): 2000 bytes, expected at most 1024"}},
		"beyond the line": {"sep=;\nstudent;site\n;B\n", []string{"line 3, column 1 (student): empty, expected a pseudonym"}},
	} {
		_, err := exam.ParseRoster([]byte(c.text))
		var e *exam.RosterError
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		for _, p := range e.Problems {
			got = append(got, p.String())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
	}
}

func TestParseRosterBounds(t *testing.T) {
	var b strings.Builder
	for range 150 {
		b.WriteString("s-1\n")
	}
	_, err := exam.ParseRoster([]byte(b.String()))
	var e *exam.RosterError
	if !errors.As(err, &e) || len(e.Problems) != 100 || e.More != 49 || !strings.HasSuffix(err.Error(), "and 49 more") {
		t.Errorf("%v", err)
	}
	for i := range exam.MaxStudents {
		fmt.Fprintf(&b, "x-%d\n", i)
	}
	if _, err := exam.ParseRoster([]byte(b.String()[4*150:])); err != nil {
		t.Error(err)
	}
	b.WriteString("one more\n")
	if _, err := exam.ParseRoster([]byte(b.String()[4*150:])); err == nil {
		t.Error("too many students are accepted")
	}
	if _, err := exam.ParseRoster(make([]byte, exam.MaxRosterBytes+1)); err == nil {
		t.Error("too many bytes are accepted")
	}
}

// FuzzParseRoster sees that what is read can be stored and is read again as the same,
// and that problems name no contact.
func FuzzParseRoster(f *testing.F) {
	for _, s := range []string{
		"student,contact,group,site\ns-1,a@example.edu,A,home\n", "sep=;\r\nid;mail\r\n\"s;1\";\"x\"\"y\"\r\n", "\xff\xfes\x00\n\x00", "\xef\xbb\xbfs\tt\r", "s,\"a\n", "a,b\"\n", "=1,@2\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := exam.ParseRoster(b)
		if err != nil {
			if r.Students != nil {
				t.Fatal("students in spite of an error")
			}
			var e *exam.RosterError
			if !errors.As(err, &e) || len(e.Problems) == 0 {
				t.Fatalf("%T", err)
			}
			return
		}
		text := exam.RosterCSV(r.Students)
		for i, s := range r.Students {
			s.Exam = "e1"
			if _, err := s.Clean(); err != nil {
				t.Fatal(err)
			}
			if i > 0 && s.ID <= r.Students[i-1].ID {
				t.Fatalf("%q after %q", s.ID, r.Students[i-1].ID)
			}
		}
		again, err := exam.ParseRoster(text)
		if err != nil || !slices.Equal(again.Students, r.Students) {
			t.Fatalf("%q\nread again: %+v, %v", text, again.Students, err)
		}
	})
}
