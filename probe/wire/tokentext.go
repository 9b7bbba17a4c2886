package wire

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	// tokenStart begins every join token: the base64url of `{"`.
	tokenStart = "eyJ"
	// signatureText is the length of an Ed25519 signature in base64url.
	signatureText = 86
)

// TokenText takes a join token out of the text that people copy it in: quotes,
// brackets, a label before it or a full stop behind it, lines wrapped or quoted by a
// mail program, invisible characters, UTF-16 as some shells write it. Text without a
// whole token is returned trimmed, for ReadJoinToken to say what is wrong with it.
func TokenText(text string) string {
	text = visible(decodeUTF16(text))
	for from := 0; ; {
		i := strings.Index(text[from:], tokenStart)
		if i < 0 {
			return strings.TrimSpace(text)
		}
		i += from
		if i == 0 || !tokenChar(text[i-1]) {
			if token, ok := joined(text[i:]); ok {
				return token
			}
		}
		from = i + len(tokenStart)
	}
}

// joined reads a token from the start of text; white space, and the marks of quoted
// lines, are no part of it.
func joined(text string) (token string, ok bool) {
	var b strings.Builder
	dots, signature, lineStart := 0, 0, false
	for i := range len(text) {
		switch c := text[i]; {
		case c == '\n':
			lineStart = true
		case c == ' ', c == '\t', c == '\r', lineStart && (c == '>' || c == '|'):
		case c == '.' && dots < 2:
			dots++
			b.WriteByte(c)
			lineStart = false
		case tokenChar(c):
			lineStart = false
			b.WriteByte(c)
			if dots == 2 {
				signature++
			}
			if signature == signatureText {
				// More of the same behind it is no decoration.
				rest := text[i+1:]
				more := rest != "" && (tokenChar(rest[0]) || rest[0] == '.' && len(rest) > 1 && tokenChar(rest[1]))
				return b.String(), !more
			}
		default:
			return "", false
		}
	}
	return "", false
}

func tokenChar(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// visible removes characters without width, which copying leaves behind, and makes
// every kind of space a plain one.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case unicode.Is(unicode.Cf, r), r == utf8.RuneError:
			return -1
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, s)
}

// decodeUTF16 decodes UTF-16 of either byte order, with or without a mark.
func decodeUTF16(s string) string {
	b := []byte(s)
	var order binary.ByteOrder
	switch {
	case len(b)%2 != 0 || len(b) < 4:
		return s
	case bytes.HasPrefix(b, []byte{0xff, 0xfe}), b[1] == 0 && b[3] == 0:
		order = binary.LittleEndian
	case bytes.HasPrefix(b, []byte{0xfe, 0xff}), b[0] == 0 && b[2] == 0:
		order = binary.BigEndian
	default:
		return s
	}
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = order.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}
