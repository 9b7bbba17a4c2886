package exam

import (
	"bytes"
	"encoding/binary"
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

var (
	separatorLine = regexp.MustCompile(`^sep=[,;\t]\n`)
	bareReturn    = regexp.MustCompile(`\r\n?`)
)

// decodeText returns a file as UTF-8 without a byte order mark, its lines ended by
// line feeds.
func decodeText(b []byte) ([]byte, *Problem) {
	switch {
	case bytes.HasPrefix(b, []byte("\xff\xfe")):
		b = fromUTF16(b[2:], binary.LittleEndian)
	case bytes.HasPrefix(b, []byte("\xfe\xff")):
		b = fromUTF16(b[2:], binary.BigEndian)
	case len(b) >= 4 && b[1] == 0 && b[3] == 0: // ASCII without a byte order mark
		b = fromUTF16(b, binary.LittleEndian)
	case len(b) >= 4 && b[0] == 0 && b[2] == 0:
		b = fromUTF16(b, binary.BigEndian)
	}
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	b = bareReturn.ReplaceAll(b, []byte("\n"))
	if !utf8.Valid(b) {
		return nil, &Problem{Line: brokenLine(b), Text: "not UTF-8: save the spreadsheet as “CSV UTF-8”"}
	}
	return b, nil
}

// brokenLine is the line of the first byte that is not UTF-8.
func brokenLine(b []byte) int {
	line := 1
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && n <= 1:
			return line
		case r == '\n':
			line++
		}
		b = b[n:]
	}
	return line
}

// fromUTF16 decodes UTF-16. Half a character at the end is replaced.
func fromUTF16(b []byte, order binary.ByteOrder) []byte {
	units := make([]uint16, 0, len(b)/2)
	for ; len(b) >= 2; b = b[2:] {
		units = append(units, order.Uint16(b))
	}
	text := string(utf16.Decode(units))
	if len(b) > 0 {
		text += string(utf8.RuneError)
	}
	return []byte(text)
}

// separator guesses what separates the fields: the one that finds most names of
// columns in the first line that is not empty, or else occurs there most often.
func separator(text []byte) rune {
	line := ""
	for l := range strings.Lines(string(text)) {
		if line = strings.TrimRight(l, "\n"); strings.Trim(line, " ,;\t") != "" {
			break
		}
	}
	best, most := ',', -1
	for _, c := range []rune{',', ';', '\t'} {
		fields := strings.Split(unquoted(line), string(c))
		score := len(fields)
		for _, f := range fields {
			if columnField(strings.Trim(strings.TrimSpace(f), `"`)) != "" {
				score += 1000
			}
		}
		if score > most {
			best, most = c, score
		}
	}
	return best
}

// unquoted replaces separators inside quotation marks.
func unquoted(line string) string {
	inside := false
	return strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			inside = !inside
		case inside && strings.ContainsRune(",;\t", r):
			return '_'
		}
		return r
	}, line)
}
