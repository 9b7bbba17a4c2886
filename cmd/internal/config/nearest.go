package config

import (
	"regexp"
	"slices"
	"strings"
)

// Nearest returns the candidate that a person most likely meant by a word that is
// none of them; "" if none resembles it. Case and the choice between hyphen and
// underscore do not count, and two neighbouring letters that changed places are one
// mistake. Of equally near candidates it returns the first.
func Nearest(word string, candidates []string) string {
	word = folded(word)
	best, least := "", min(3, len(word)/3+1) // at most two mistakes, and in short words fewer
	for _, c := range candidates {
		if d := distance(word, folded(c)); d < least {
			best, least = c, d
		}
	}
	return best
}

// folded writes a name without the differences that do not count.
func folded(s string) string { return strings.ReplaceAll(strings.ToLower(s), "-", "_") }

// distance is the least number of letters to insert, leave out, replace or swap with
// their neighbour that makes b of a.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replaced := last[j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			row[j] = min(replaced, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

// suggestKeys adds to each unknown key the one that was probably meant: one of its
// section that it resembles, or the key of this name in another section.
func (p problems) suggestKeys() {
	for i, x := range p {
		if x.text != unknownKey {
			continue
		}
		path := itemNumber.ReplaceAllString(x.key, "")
		section, name := "", path
		if dot := strings.LastIndex(path, "."); dot >= 0 {
			section, name = path[:dot], path[dot+1:]
		}
		if like := likeKey(section, name); like != "" {
			p[i].text += "; did you mean " + like + "?"
		}
	}
}

// itemNumber is the number of an item in the path of a key.
var itemNumber = regexp.MustCompile(`\[\d+\]`)

// likeKey returns the path of the key that a name in a section resembles; "": none.
func likeKey(section, name string) string {
	n := root
	for _, part := range strings.FieldsFunc(section, func(r rune) bool { return r == '.' }) {
		if n = n.child(part); n == nil {
			return ""
		}
	}
	var names []string
	for _, c := range n.children {
		names = append(names, c.name)
	}
	if like := Nearest(name, names); like != "" {
		return join(section, like)
	}
	keys := root.keys()
	if i := slices.IndexFunc(keys, func(k *node) bool { return k.name == name }); i >= 0 {
		return keys[i].path
	}
	return ""
}
