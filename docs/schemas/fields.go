package schemas

import (
	"encoding"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// Fields requires that a schema has the fields that encoding/json writes of T, in
// every struct within it, and requires those that are always written. Types that
// marshal themselves are not looked into.
func Fields[T any](t testing.TB, schema string) {
	t.Helper()
	doc, err := read(schema)
	if err != nil {
		t.Fatal(err)
	}
	root := doc.(map[string]any)
	c := comparison{t: t, defs: object(root["$defs"]), seen: map[reflect.Type]bool{}}
	c.compare(reflect.TypeFor[T](), root, schema)
}

// comparison compares Go types with a schema.
type comparison struct {
	t    testing.TB
	defs map[string]any
	seen map[reflect.Type]bool
}

func object(x any) map[string]any {
	m, _ := x.(map[string]any)
	return m
}

// resolve follows references, and takes what is not null of two.
func (c comparison) resolve(node map[string]any) map[string]any {
	for {
		if name, ok := node["$ref"].(string); ok {
			node = object(c.defs[strings.TrimPrefix(name, "#/$defs/")])
			continue
		}
		if either, ok := node["anyOf"].([]any); ok {
			node = object(either[0])
			continue
		}
		return node
	}
}

var marshalers = []reflect.Type{reflect.TypeFor[json.Marshaler](), reflect.TypeFor[encoding.TextMarshaler]()}

// itself says whether a type marshals itself.
func itself(typ reflect.Type) bool {
	return slices.ContainsFunc(marshalers, func(m reflect.Type) bool { return typ.Implements(m) || reflect.PointerTo(typ).Implements(m) })
}

func (c comparison) compare(typ reflect.Type, node map[string]any, at string) {
	c.t.Helper()
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if itself(typ) {
		return
	}
	node = c.resolve(node)
	switch typ.Kind() {
	case reflect.Slice:
		c.compare(typ.Elem(), object(node["items"]), at+"[]")
	case reflect.Struct:
		if !c.seen[typ] {
			c.seen[typ] = true
			c.fields(typ, node, at)
		}
	}
}

// field is a field as encoding/json writes it.
type field struct {
	typ    reflect.Type
	always bool
}

// fieldsOf lists the fields of a struct and of those embedded in it.
func fieldsOf(typ reflect.Type) map[string]field {
	all := map[string]field{}
	for i := range typ.NumField() {
		f := typ.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			maps.Copy(all, fieldsOf(f.Type))
		case f.IsExported() && name != "-":
			if name == "" {
				name = f.Name
			}
			all[name] = field{f.Type, !strings.Contains(options, "omit")}
		}
	}
	return all
}

func (c comparison) fields(typ reflect.Type, node map[string]any, at string) {
	c.t.Helper()
	properties := object(node["properties"])
	required, _ := node["required"].([]any)
	written := fieldsOf(typ)
	for name, f := range written {
		p, ok := properties[name]
		if !ok {
			c.t.Errorf("%s: %v has the field %q, the schema has not", at, typ, name)
			continue
		}
		if slices.Contains(required, any(name)) != f.always {
			c.t.Errorf("%s.%s: always written: %v; the schema requires otherwise", at, name, f.always)
		}
		c.compare(f.typ, object(p), at+"."+name)
	}
	for name := range properties {
		if _, ok := written[name]; !ok {
			c.t.Errorf("%s: the schema has the field %q, %v has not", at, name, typ)
		}
	}
}
