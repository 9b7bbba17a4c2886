package config

import (
	"reflect"
	"slices"
	"strings"
)

// Change is a key whose value has changed.
type Change struct {
	Key    string
	Reload Reload
}

// Keys lists all keys, in the order of their names.
func Keys() (out []Change) {
	for _, n := range root.keys() {
		out = append(out, Change{n.path, n.reload})
	}
	slices.SortFunc(out, func(x, y Change) int { return strings.Compare(x.Key, y.Key) })
	return out
}

// Secret reports whether a key holds a secret.
func Secret(key string) bool {
	return slices.ContainsFunc(root.keys(), func(n *node) bool { return n.path == key && n.secret })
}

// Changed lists the keys whose values differ, in the order of their names.
func Changed(a, b File) []Change {
	out := root.changed(reflect.ValueOf(a), reflect.ValueOf(b))
	slices.SortFunc(out, func(x, y Change) int { return strings.Compare(x.Key, y.Key) })
	return out
}

func (n *node) changed(a, b reflect.Value) (out []Change) {
	for _, c := range n.children {
		switch x, y := c.of(a), c.of(b); {
		case c.shape == section:
			out = append(out, c.changed(x, y)...)
		case !reflect.DeepEqual(x.Interface(), y.Interface()):
			out = append(out, Change{c.path, c.reload})
		}
	}
	return out
}
