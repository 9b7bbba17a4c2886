package config

import (
	"fmt"
	"reflect"
	"strings"
)

// shape is how keys are nested.
type shape int

// The shapes.
const (
	value   shape = iota
	texts         // a list of texts
	section       // keys
	items         // a list of sections
)

// node is a key or a section as its tags declare it.
type node struct {
	name     string
	path     string // from the top, without the numbers of items
	index    []int  // of the field, in the struct of the section around it
	shape    shape
	kind     *kind   // of a value or of the texts of a list
	children []*node // of a section or an item: keys first, then sections
	inItem   bool

	def       string
	low, high *bound // nil: none
	oneOf     []string
	form      string
	secret    bool
	reload    Reload
	doc       string
	example   string
}

// bound is one end of a range.
type bound struct {
	text  string
	value float64
	open  bool // the end lies outside
}

// root declares the whole configuration.
var root = newRoot(reflect.TypeFor[File]())

// fail panics because of invalid tags.
func (n *node) fail(format string, args ...any) {
	panic(fmt.Sprintf("config: the tags of %s: %s", n.path, fmt.Sprintf(format, args...)))
}

// rank puts keys before sections.
func (n *node) rank() int {
	if n.shape == section {
		return 1
	}
	return 0
}

// child returns the key or section of a name in a section.
func (n *node) child(name string) *node {
	for _, c := range n.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

// of returns the field of a key in the struct of its section.
func (n *node) of(v reflect.Value) reflect.Value { return v.FieldByIndex(n.index) }

// keys lists the keys in a section and its subsections. A list of sections counts
// as one key.
func (n *node) keys() (out []*node) {
	for _, c := range n.children {
		if c.shape == section {
			out = append(out, c.keys()...)
		} else {
			out = append(out, c)
		}
	}
	return out
}

// join appends a name to a path.
func join(path, name string) string { return strings.TrimPrefix(path+"."+name, ".") }
