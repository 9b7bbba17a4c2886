// Package schemas holds what the programs print and keep to the JSON Schemas
// published beside it. Only tests import it.
//
// It knows the schemas. It refuses to know who writes by them: a test hands over
// real output, and the Go type it was written from.
package schemas

import (
	"bytes"
	"embed"
	"fmt"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

//go:embed *.schema.json
var files embed.FS

// file names the file of a schema such as "examlink.check/2".
func file(schema string) string {
	return strings.ReplaceAll(strings.TrimPrefix(schema, "examlink."), "/", ".") + ".schema.json"
}

// read returns the schema of a name as plain JSON.
func read(schema string) (any, error) {
	b, err := files.ReadFile(file(schema))
	if err != nil {
		return nil, fmt.Errorf("schema %s is not published: %w", schema, err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file(schema), err)
	}
	return doc, nil
}

// compile reads the schema of a name.
func compile(schema string) (*jsonschema.Schema, error) {
	doc, err := read(schema)
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource(file(schema), doc); err != nil {
		return nil, err
	}
	return c.Compile(file(schema))
}

// Test requires that documents have the form of a schema, and that the schema
// refuses them with an unknown field in any object, or with any field whose name
// has lost its unit.
func Test(t testing.TB, schema string, documents ...[]byte) {
	t.Helper()
	s, err := compile(schema)
	if err != nil {
		t.Fatal(err)
	}
	tried := map[string]bool{}
	for _, b := range documents {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
		if err != nil {
			t.Errorf("%v in %s", err, b)
			continue
		}
		if err := s.Validate(doc); err != nil {
			t.Errorf("%s: %v\n%s", schema, err, b)
			continue
		}
		spoil(doc, "", func(change string) {
			if tried[change] {
				return
			}
			tried[change] = true
			if s.Validate(doc) == nil {
				t.Errorf("%s takes a document with %s", schema, change)
			}
		})
	}
	if len(tried) == 0 {
		t.Errorf("%s: nothing was tried", schema)
	}
}

// units are how names of fields end that have one.
var units = []string{"_seconds", "_bits_per_second"}

// spoil changes a document in every way that no schema takes, one at a time, and
// calls try with each. It leaves the document as it was.
func spoil(doc any, at string, try func(change string)) {
	switch v := doc.(type) {
	case []any:
		for _, x := range v {
			spoil(x, at+"[]", try)
		}
	case map[string]any:
		v["unknown"] = true
		try("an unknown field in " + at + "{}")
		delete(v, "unknown")
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		for _, name := range names {
			value := v[name]
			for _, unit := range units {
				if bare, ok := strings.CutSuffix("_"+name, unit); ok {
					delete(v, name)
					v[bare] = value
					try(at + "." + name + " without its unit")
					delete(v, bare)
					v[name] = value
				}
			}
			spoil(value, at+"."+name, try)
		}
	}
}
