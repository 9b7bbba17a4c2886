package wire

import (
	"encoding/base64"
	"strings"
	"testing"
	"unicode/utf16"
)

// Join tokens arrive as people and programs hand them over.
func TestTokenText(t *testing.T) {
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	token := part(`{"alg":"EdDSA","typ":"JWT"}`) + "." + part(`{"jti":"t1","exam":"e1","sub":"s1","srv":["a:1"],"nbf":1,"exp":2}`) + "." + strings.Repeat("aB3-_", 17) + "x"
	wrap := func(s, mark string, n int) string {
		var out []string
		for ; len(s) > n; s = s[n:] {
			out = append(out, mark+s[:n])
		}
		return strings.Join(append(out, mark+s), "\r\n")
	}
	utf := func(s string, little bool) string {
		var b strings.Builder
		for _, u := range utf16.Encode([]rune(s)) {
			if little {
				b.WriteByte(byte(u))
				b.WriteByte(byte(u >> 8))
			} else {
				b.WriteByte(byte(u >> 8))
				b.WriteByte(byte(u))
			}
		}
		return b.String()
	}
	for name, text := range map[string]string{
		"plain":              token,
		"with space":         "  " + token + "\r\n",
		"quoted":             `"` + token + `"`,
		"single quotes":      "'" + token + "'",
		"typographic quotes": "“" + token + "”",
		"angle brackets":     "<" + token + ">",
		"markdown":           "`" + token + "`",
		"a comma":            token + ",",
		"a full stop":        "Your token is " + token + ". Good luck!",
		"a label":            "token: " + token,
		"a command":          "examlink check " + token,
		"zero width":         "\u200b" + token[:40] + "\u200b" + token[40:] + "\ufeff",
		"byte order mark":    "\ufeff" + token,
		"non-breaking space": "\u00a0" + token + "\u00a0",
		"wrapped at 76":      wrap(token, "", 76) + "\r\n\r\nGood luck!\r\n",
		"quoted by mail":     wrap(token, "> ", 74) + "\r\n> \r\n> Good luck!",
		"a comment before":   "# my token\n" + token + "\n",
		"UTF-16":             utf("\ufeff"+token+"\r\n", true),
		"UTF-16 big endian":  utf("\ufeff"+token+"\r\n", false),
		"UTF-16, no mark":    utf(token+"\r\n", true),
		"a link":             "https://exam.example.edu/#" + token,
	} {
		if got := TokenText(text); got != token {
			t.Errorf("%s: %q", name, got)
		}
	}
	for name, text := range map[string]string{
		"cut off": token[:len(token)-10], "longer": token + "AA", "four parts": token + ".x", "nothing": "", "a word": "token",
	} {
		if got := TokenText(text); got != text {
			t.Errorf("%s: %q, want the text itself", name, got)
		}
	}
}
