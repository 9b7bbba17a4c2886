package config

import (
	"fmt"
	"reflect"
	"strings"
)

// problem is one thing wrong with the configuration.
type problem struct{ key, text string }

type problems []problem

// unknownKey is the problem of a name that is no key.
const unknownKey = "unknown key"

func (p *problems) add(key, format string, args ...any) {
	*p = append(*p, problem{key, fmt.Sprintf(format, args...)})
}

// setDefaults sets every key in a section to its default.
func (n *node) setDefaults(v reflect.Value) {
	for _, c := range n.children {
		if c.shape == section {
			c.setDefaults(c.of(v))
		} else {
			c.setDefault(c.of(v), new(problems)) // no problems: the tags have been checked
		}
	}
}

func (n *node) setDefault(v reflect.Value, found *problems) {
	if v.Kind() == reflect.Slice {
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	}
	if n.def != "" {
		n.decode(n.path, v, n.def, found)
	}
}

// decode sets a key, or the keys in a section, from data of the file, the
// environment, a flag or a tag. Keys without data are unchanged.
func (n *node) decode(key string, v reflect.Value, data any, found *problems) {
	if data == nil {
		return
	}
	switch n.shape {
	case value:
		if x, err := n.kind.read(data); err != nil {
			found.add(key, "%v", err)
		} else {
			set(v, x)
		}
	case texts:
		n.decodeTexts(key, v, data, found)
	case section:
		n.decodeSection(key, v, data, found)
	case items:
		list, ok := data.([]any)
		if !ok {
			found.add(key, "%s, expected a list", show(data))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), len(list), len(list)))
		for i, x := range list {
			n.setDefaults(v.Index(i))
			n.decodeSection(at(key, i), v.Index(i), x, found)
		}
	}
}

func (n *node) decodeSection(key string, v reflect.Value, data any, found *problems) {
	if data == nil {
		return
	}
	m, ok := data.(map[string]any)
	if !ok {
		found.add(key, "%s, expected a section", show(data))
		return
	}
	for name, x := range m {
		if c := n.child(name); c == nil {
			found.add(join(key, name), unknownKey)
		} else {
			c.decode(join(key, name), c.of(v), x, found)
		}
	}
}

// decodeTexts reads a list, or text with commas as the environment and flags give
// it.
func (n *node) decodeTexts(key string, v reflect.Value, data any, found *problems) {
	var list []any
	switch data := data.(type) {
	case []any:
		list = data
	case string:
		s := strings.TrimSpace(data)
		if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") { // a list, not an IPv6 address
			s = s[1 : len(s)-1]
		}
		for _, s := range strings.Split(s, ",") {
			if s = strings.TrimSpace(s); s != "" {
				list = append(list, s)
			}
		}
	default:
		found.add(key, "%s, expected a list", show(data))
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(list), len(list)))
	for i, x := range list {
		if x == nil {
			continue
		}
		if s, err := n.kind.read(x); err != nil {
			found.add(at(key, i), "%v", err)
		} else {
			set(v.Index(i), s)
		}
	}
}

// set sets a field; its type may be a named one.
func set(v reflect.Value, x any) { v.Set(reflect.ValueOf(x).Convert(v.Type())) }

// at is the path of a list's item.
func at(key string, i int) string { return fmt.Sprintf("%s[%d]", key, i) }

// show formats a value for an error, without values that may hold secrets.
func show(data any) string {
	switch reflect.ValueOf(data).Kind() {
	case reflect.Map:
		return "a section"
	case reflect.Slice:
		return "a list"
	case reflect.String:
		return fmt.Sprintf("%q", data)
	}
	return fmt.Sprint(data)
}
