package ui

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"strings"
)

const (
	// Fallback is the language that every page has.
	Fallback = "en"
	// PseudoLocale is a language for tests: the texts of Fallback in letters that are
	// written from right to left.
	PseudoLocale = "ar-XB"
)

// Catalogue holds the texts of a page in one language, by their keys.
type Catalogue map[string]string

// Catalogues are those of a page, by language.
type Catalogues map[string]Catalogue

// ReadCatalogues reads the catalogues of a page, the files *.json of a tree, and
// generates PseudoLocale. It is an error if Fallback is missing, or if a catalogue has
// other keys than Fallback, plural categories aside.
func ReadCatalogues(tree fs.FS) (Catalogues, error) {
	names, err := fs.Glob(tree, "*.json")
	if err != nil {
		return nil, err
	}
	all := Catalogues{}
	for _, name := range names {
		b, err := fs.ReadFile(tree, name)
		if err != nil {
			return nil, err
		}
		var c Catalogue
		if err := json.Unmarshal(b, &c); err != nil {
			return nil, fmt.Errorf("%s: %w; expected one object of texts", name, err)
		}
		language := strings.TrimSuffix(name, ".json")
		if d := c["direction"]; c["language"] != language || d != "ltr" && d != "rtl" {
			return nil, fmt.Errorf("%s: language %q, direction %q; expected %q, and ltr or rtl", name, c["language"], d, language)
		}
		all[language] = c
	}
	base, ok := all[Fallback]
	if !ok {
		return nil, errors.New("texts: no " + Fallback + ".json")
	}
	var errs []error
	for language, c := range all {
		if lacks, more := without(base, c), without(c, base); len(lacks)+len(more) > 0 {
			errs = append(errs, fmt.Errorf("%s.json: lacks %q, has unknown %q", language, lacks, more))
		}
	}
	all[PseudoLocale] = base.pseudo()
	return all, errors.Join(errs...)
}

// without lists the keys of a that b lacks, plural categories aside.
func without(a, b Catalogue) (out []string) {
	has := map[string]bool{}
	for key := range b {
		has[strings.TrimSuffix(key, plural(key))] = true
	}
	for _, key := range slices.Sorted(maps.Keys(a)) {
		if !has[strings.TrimSuffix(key, plural(key))] {
			out = append(out, key)
		}
	}
	return out
}

// plural returns the plural category at the end of a key, with its dot; empty if none.
func plural(key string) string {
	for _, p := range []string{".zero", ".one", ".two", ".few", ".many", ".other"} {
		if strings.HasSuffix(key, p) {
			return p
		}
	}
	return ""
}

// pseudo returns a catalogue of PseudoLocale: each letter becomes a Hebrew one, and
// places remain.
func (c Catalogue) pseudo() Catalogue {
	const letters = "אבגדהוזחטיכלמנסעפצקרשת"
	to := []rune(letters)
	out := Catalogue{}
	for key, text := range c {
		place := false
		out[key] = strings.Map(func(r rune) rune {
			place = r == '{' || place && r != '}'
			switch {
			case place:
			case r >= 'a' && r <= 'z':
				return to[int(r-'a')%len(to)]
			case r >= 'A' && r <= 'Z':
				return to[int(r-'A')%len(to)]
			}
			return r
		}, text)
	}
	out["language"], out["direction"] = PseudoLocale, "rtl"
	return out
}

// ServeHTTP serves the catalogue of the language that the query parameter lang names
// or, without one, of the first accepted language that there is; else Fallback.
func (all Catalogues) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	Headers(w.Header())
	c := all.choose(r.URL.Query().Get("lang"), r.Header.Get("Accept-Language"))
	w.Header().Set("Content-Type", contentTypes[".json"])
	w.Header().Set("Content-Language", c["language"])
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(c) // a reader that has gone away
}

// choose returns a catalogue. Browsers list languages by preference, so their weights
// are not read.
func (all Catalogues) choose(named, accepted string) Catalogue {
	if c, ok := all[named]; ok {
		return c
	}
	for _, part := range strings.Split(accepted, ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		for tag != "" && tag != PseudoLocale {
			if c, ok := all[tag]; ok {
				return c
			}
			tag = tag[:max(strings.LastIndexByte(tag, '-'), 0)]
		}
	}
	return all[Fallback]
}
