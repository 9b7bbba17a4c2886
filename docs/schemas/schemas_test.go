package schemas

import (
	"encoding/json"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// without lists the schemas whose names carry no units; their descriptions do.
var without = []string{"examlink.record/1"}

// published are the schemas by their names.
func published(t *testing.T) map[string]map[string]any {
	t.Helper()
	names, err := fs.Glob(files, "*.schema.json")
	if err != nil || len(names) < 9 {
		t.Fatal(names, err)
	}
	all := map[string]map[string]any{}
	for _, name := range names {
		b, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		var s map[string]any
		if err := json.Unmarshal(b, &s); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		title, _ := s["title"].(string)
		if file(title) != name || s["$schema"] != "https://json-schema.org/draft/2020-12/schema" {
			t.Errorf("%s has the title %q and the dialect %v", name, title, s["$schema"])
		}
		all[title] = s
	}
	return all
}

// Every schema is sound, takes no unknown field anywhere, and names the unit of each
// number.
func TestSchemasAreStrict(t *testing.T) {
	for title, s := range published(t) {
		if _, err := compile(title); err != nil {
			t.Errorf("%s: %v", title, err)
		}
		each(s, title, func(at string, x map[string]any) {
			if x["type"] == "object" && x["additionalProperties"] != false {
				t.Errorf("%s takes unknown fields", at)
			}
			properties, _ := x["properties"].(map[string]any)
			for name, p := range properties {
				p := p.(map[string]any)
				text, _ := p["description"].(string)
				unit := ""
				switch {
				case strings.HasSuffix(name, "_seconds"):
					unit = "second"
				case strings.HasSuffix(name, "bits_per_second"):
					unit = "bit/s"
				}
				switch {
				case unit != "" && isNumber(p) && !strings.Contains(text, unit):
					t.Errorf("%s.%s: its description %q lacks the unit %q", at, name, text, unit)
				case unit == "" && isNumber(p) && !slices.Contains(without, title) && strings.HasSuffix(text, "in bit/s."):
					t.Errorf("%s.%s is in bit/s, and its name does not say so", at, name)
				case isNumber(p) && text == "":
					t.Errorf("%s.%s has no description", at, name)
				}
			}
		})
	}
}

func isNumber(p map[string]any) bool {
	switch v := p["type"].(type) {
	case string:
		return v == "number"
	case []any:
		return slices.Contains(v, any("number"))
	}
	return false
}

// each calls f with every object of a schema.
func each(x any, at string, f func(string, map[string]any)) {
	switch v := x.(type) {
	case []any:
		for _, y := range v {
			each(y, at, f)
		}
	case map[string]any:
		f(at, v)
		for name, y := range v {
			each(y, at+"/"+name, f)
		}
	}
}

// What several schemas define is the same in all.
func TestDefinitionsAgree(t *testing.T) {
	type one struct {
		in  string
		def any
	}
	seen := map[string]one{}
	for title, s := range published(t) {
		defs, _ := s["$defs"].(map[string]any)
		for name, d := range defs {
			if before, ok := seen[name]; ok && !reflect.DeepEqual(before.def, d) {
				t.Errorf("%s is not the same in %s and %s", name, before.in, title)
			}
			seen[name] = one{title, d}
		}
	}
}

// failures counts what a check of this package finds.
type failures struct {
	testing.TB
	n int
}

func (*failures) Helper()                 {}
func (f *failures) Errorf(string, ...any) { f.n++ }

// The checks of this package find what is wrong.
func TestChecksFindWhatIsWrong(t *testing.T) {
	const schema = "examlink.warnings/1"
	const good = `{"schema":"examlink.warnings/1","at":"2026-11-30T09:00:00Z","warnings":[{"id":"n","warning":"w","kind":"recovered","state":"cleared","severity":"info",
		"since":"2026-11-30T08:59:00Z","at":"2026-11-30T09:00:00Z","duration_seconds":60,"seen":{},"claimed":{"download":{"low_bits_per_second":2e6,"minimum_bits_per_second":768000,"at":"2026-11-30T08:59:30Z"}},"sentence":"It is over."}]}`
	for _, c := range []struct {
		old, new string
		wrong    bool
	}{
		{"", "", false},
		{`"at"`, `"at_once"`, true},
		{`"2026-11-30T09:00:00Z"`, `"now"`, true},
		{`"duration_seconds":60`, `"duration":60`, true},
		{`"duration_seconds":60`, `"duration_seconds":"60s"`, true},
		{`low_bits_per_second`, `low`, true},
		{`"seen":{}`, `"seen":{"upload":1}`, true},
		{`"warnings":[`, `"more":1,"warnings":[`, true},
		{`[{`, `{`, true},
	} {
		f := &failures{TB: t}
		Test(f, schema, []byte(strings.Replace(good, c.old, c.new, 1)))
		if (f.n > 0) != c.wrong {
			t.Errorf("%s in place of %s: %d failures", c.new, c.old, f.n)
		}
	}
	type rate struct {
		Tests int      `json:"tests"`
		Below int      `json:"below"`
		Rate  *float64 `json:"rate,omitempty"`
		Low   *float64 `json:"low,omitempty"`
	}
	type wrong struct {
		Tests int      `json:"tests,omitempty"` // is always written
		More  int      `json:"more"`            // is not in the schema, and below is missing
		Rate  *float64 `json:"rate,omitempty"`
		Low   *float64 `json:"low,omitempty"`
	}
	reading := func(f *failures, typ reflect.Type) {
		doc, err := read("examlink.record/1")
		if err != nil {
			t.Fatal(err)
		}
		c := comparison{t: f, defs: object(object(doc)["$defs"]), seen: map[reflect.Type]bool{}}
		c.compare(typ, map[string]any{"$ref": "#/$defs/reading"}, "reading")
	}
	f := &failures{TB: t}
	if reading(f, reflect.TypeFor[*rate]()); f.n != 0 {
		t.Errorf("%d failures of a type that is right", f.n)
	}
	if reading(f, reflect.TypeFor[[]rate]()); f.n == 0 {
		t.Error("a list is taken for an object")
	}
	f = &failures{TB: t}
	if reading(f, reflect.TypeFor[wrong]()); f.n != 3 {
		t.Errorf("%d failures, want 3", f.n)
	}
}
