package config

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"examlink/probe/ippm"
)

// A key is declared in one place: the struct field that holds its value, here
// or in the options of probe, server and server/alert. The field's tags are
//
//	mapstructure  The key's name. A struct is a section, a slice of structs a
//	              list of sections. ",squash" puts the fields of a struct into
//	              the section around it. In another package's struct a field
//	              without this tag is not a key.
//	default       The value without file, environment and flags, written as in
//	              the file, a list with commas. Without it the value is empty.
//	unit          "bytes" reads an int64 as a size (10MB), "bit/s" a float64 as a
//	              rate (1.5Mbit/s). time.Duration and ippm.Rate need none.
//	min, max      The least and the greatest value, written as in the file.
//	above         A bound that the value must exceed, instead of min.
//	oneof         The texts to choose from, separated by spaces.
//	is            The form of a text, or of each text of a list: a name in forms.
//	              " or empty" after it accepts the empty text too.
//	secret        "true": the value is never printed.
//	reload        What a running server does with a change: "live", it applies
//	              the change; "restart", the default, it must be restarted;
//	              "unused", it does not use the key. Keys inherit this from their
//	              section.
//	doc           The comment in config.yaml, without the bounds, which are added
//	              to it. A line break is kept where the next line begins with two
//	              spaces; names of facts, in braces, are replaced.
//	example       Within lists of sections: the value in the example that
//	              config.yaml gives, written as in the file.
//
// A field _ has the doc of the whole file. Tags are checked when the program
// starts: an invalid tag panics with the name of its key.
var tagNames = []string{"mapstructure", "default", "unit", "min", "max", "above", "oneof", "is", "secret", "reload", "doc", "example"}

// keyLetters are the letters of names: viper ignores case and splits keys at dots.
const keyLetters = "abcdefghijklmnopqrstuvwxyz0123456789_"

// Reload is how a running server treats a change of a key.
type Reload string

// The ways to treat a change.
const (
	Live    Reload = "live"    // it applies the change
	Restart Reload = "restart" // it must be restarted
	Unused  Reload = "unused"  // it does not use the key
)

// newRoot reads the tags of a configuration.
func newRoot(t reflect.Type) *node {
	n := &node{shape: section, reload: Restart}
	n.addFields(t, nil)
	return n
}

// addFields declares the keys held by the fields of a struct. at is the index of
// the struct within the section's struct.
func (n *node) addFields(t reflect.Type, at []int) {
	for i := range t.NumField() {
		f := t.Field(i)
		tags := n.tags(f)
		name, squash := strings.CutSuffix(tags["mapstructure"], ",squash")
		index := append(slices.Clone(at), i)
		switch {
		case f.Name == "_":
			n.doc = tags["doc"]
		case squash:
			n.addFields(f.Type, index)
		case name != "" && f.IsExported():
			n.add(name, index, f.Type, tags)
		case len(tags) > 0 || t.PkgPath() == reflect.TypeFor[File]().PkgPath():
			n.fail("field %s of %v is not a key", f.Name, t)
		}
	}
	slices.SortStableFunc(n.children, func(a, b *node) int { return a.rank() - b.rank() })
}

// tags parses a field's tags, without those of other packages.
func (n *node) tags(f reflect.StructField) map[string]string {
	out := map[string]string{}
	for rest := strings.TrimSpace(string(f.Tag)); rest != ""; {
		name, quoted, _ := strings.Cut(rest, ":")
		literal, err := strconv.QuotedPrefix(quoted)
		if err != nil {
			n.fail("field %s: expected name:\"value\" at %q", f.Name, rest)
		}
		if _, twice := out[name]; twice {
			n.fail("field %s: %s twice", f.Name, name)
		}
		switch {
		case slices.Contains(tagNames, name):
			out[name], _ = strconv.Unquote(literal)
		case name != "json":
			n.fail("field %s: unknown tag %s, expected one of %q", f.Name, name, tagNames)
		}
		rest = strings.TrimLeft(quoted[len(literal):], " ")
	}
	return out
}

// add declares one key.
func (n *node) add(name string, index []int, t reflect.Type, tags map[string]string) {
	c := &node{
		name: name, path: join(n.path, name), index: index, inItem: n.inItem || n.shape == items, reload: n.reload,
		def: tags["default"], doc: tags["doc"], example: tags["example"], secret: tags["secret"] == "true",
	}
	switch s, ok := tags["secret"]; {
	case strings.Trim(name, keyLetters) != "":
		c.fail("expected a name of small letters, digits and _")
	case n.child(name) != nil:
		c.fail("declared twice")
	case ok && (s != "true" || t.Kind() != reflect.String):
		c.fail("secret: %q, expected true, and a text", s)
	}
	n.children = append(n.children, c)
	if r, ok := tags["reload"]; ok {
		c.reload = Reload(r)
	}
	if !slices.Contains([]Reload{Live, Restart, Unused}, c.reload) {
		c.fail("reload: %q, expected live, restart or unused", c.reload)
	}
	elem := t
	if t.Kind() == reflect.Slice {
		c.shape, elem = texts, t.Elem()
	}
	c.kind = kindOf(elem, tags["unit"])
	switch {
	case c.kind == text || c.kind != nil && c.shape == value:
		c.addBounds(tags)
		c.checkDefault(t)
	case elem.Kind() != reflect.Struct || c.kind != nil || tags["unit"] != "":
		c.fail("type %v with unit %q, expected one that a file can hold", t, tags["unit"])
	default:
		c.addSection(elem, tags)
	}
}

// addSection declares a section, or a list of them.
func (n *node) addSection(t reflect.Type, tags map[string]string) {
	for _, name := range []string{"default", "min", "max", "above", "oneof", "is", "secret"} {
		if tags[name] != "" {
			n.fail("%s: a section has none", name)
		}
	}
	if n.shape == texts {
		n.shape = items
	} else {
		n.shape = section
	}
	n.addFields(t, nil)
}

// addBounds declares the permitted values.
func (n *node) addBounds(tags map[string]string) {
	read := func(tag string) *bound {
		s, ok := tags[tag]
		if !ok {
			return nil
		}
		x, err := n.kind.read(s)
		if err != nil || !n.kind.ordered {
			n.fail("%s: %q, expected %s", tag, s, n.kind.expected)
		}
		return &bound{text: s, value: number(reflect.ValueOf(x)), open: tag == "above"}
	}
	n.low, n.high = read("min"), read("max")
	if above := read("above"); above != nil {
		if n.low != nil {
			n.fail("min and above, expected one of them")
		}
		n.low = above
	}
	n.oneOf, n.form = strings.Fields(tags["oneof"]), tags["is"]
	switch {
	case n.kind != text && (n.form != "" || len(n.oneOf) > 0):
		n.fail("oneof, is: expected a text")
	case n.form != "" && forms[strings.TrimSuffix(n.form, orEmpty)] == nil:
		n.fail("is: unknown form %q", n.form)
	}
}

// checkDefault checks the default against the bounds. Keys of items may have no
// default.
func (n *node) checkDefault(t reflect.Type) {
	v := reflect.New(t).Elem()
	var found problems
	n.setDefault(v, &found)
	if n.def != "" || !n.inItem {
		n.check(n.path, v, &found)
	}
	for _, p := range found {
		n.fail("default: %s", p.text)
	}
}

// kindOf returns how values of a type are written; nil for sections, and for types
// that a file cannot hold.
func kindOf(t reflect.Type, unit string) *kind {
	switch {
	case t == reflect.TypeFor[time.Duration]() && unit == "":
		return duration
	case t == reflect.TypeFor[ippm.Rate]() && unit == "", t.Kind() == reflect.Float64 && unit == "bit/s":
		return rate
	case t.Kind() == reflect.Int64 && unit == "bytes":
		return size
	case unit != "":
		return nil
	}
	return map[reflect.Kind]*kind{reflect.String: text, reflect.Bool: truth, reflect.Int: whole, reflect.Float64: decimal}[t.Kind()]
}
