package config

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"examlink/probe/equipment"
	"examlink/probe/verdict"
	"examlink/server/alert"
)

var update = flag.Bool("update", false, "rewrite config.yaml")

const columns = 80

// document is config.yaml as the tags have it.
type document struct {
	strings.Builder
	facts *strings.Replacer
}

func newDocument() *document {
	var policies, kinds, refusals []string
	for _, p := range verdict.BuiltIn() {
		policies = append(policies, p.Name)
	}
	for _, k := range alert.Kinds() {
		kinds = append(kinds, string(k))
	}
	for _, r := range equipment.Refusals() {
		refusals = append(refusals, string(r))
	}
	d := &document{facts: strings.NewReplacer(
		"{policies}", strings.Join(policies, ", "), "{kinds}", enumerate(kinds), "{refusals}", enumerate(refusals), "{reloadable}", enumerate(reloadable(root)))}
	d.comment("", root.doc)
	d.section(root, "")
	return d
}

// section writes the keys in a section, with blank lines around entries of many
// lines.
func (d *document) section(n *node, indent string) {
	tall := func(c *node) bool { return c.shape == section || c.shape == items || n == root }
	for i, c := range n.children {
		if tall(c) && (i > 0 || n == root) || i > 0 && tall(n.children[i-1]) {
			d.line("", "")
		}
		d.comment(indent, c.doc)
		switch c.shape {
		case section:
			d.line(indent, c.name+":")
			d.section(c, indent+"  ")
		case items:
			d.line(indent, c.name+":")
			d.example(c, indent)
		default:
			d.line(indent, c.name+": "+written(c)+note(c.expectation()))
		}
	}
}

// example writes an item of a list as comments that become the item without
// their #.
func (d *document) example(n *node, indent string) {
	first := true
	for _, c := range n.children {
		at := indent + "#    "
		if first {
			at = indent + "#  "
		}
		switch {
		case c.example == "":
			d.comment(at, c.name+": "+c.doc)
			continue
		case c.doc != "":
			d.comment(at, c.doc)
		}
		expected := c.expectation()
		if c.form != "" {
			expected = "" // the doc covers it
		}
		dash := ""
		if first {
			dash = "- "
		}
		d.line(at, dash+c.name+": "+c.example+note(expected))
		first = false
	}
}

// comment writes text as lines of comments.
func (d *document) comment(indent, doc string) {
	for _, part := range strings.Split(d.facts.Replace(doc), "\n") {
		line := "#"
		for _, word := range strings.Split(part, " ") {
			if line != "#" && len(indent)+len(line)+1+len(word) > columns {
				d.line(indent, line)
				line = "#"
			}
			line += " " + word
		}
		d.line(indent, line)
	}
}

func (d *document) line(indent, s string) { fmt.Fprintln(d, indent+s) }

func note(s string) string {
	if s == "" {
		return ""
	}
	return " # " + s
}

// written is a key's default as it is written in the file.
func written(n *node) string {
	switch {
	case n.shape == texts:
		return "[" + strings.ReplaceAll(n.def, ",", ", ") + "]"
	case n.kind == truth && n.def == "":
		return "false"
	case n.kind != text:
		return n.def
	}
	b, err := yaml.Marshal(n.def)
	if err != nil {
		panic(err)
	}
	return strings.TrimSpace(string(b))
}

// reloadable lists the keys that a running server reloads, or their section if it
// has no others.
func reloadable(n *node) (out []string) {
	for _, c := range n.children {
		switch {
		case c.shape == section && slices.ContainsFunc(c.keys(), func(k *node) bool { return k.reload != Live }):
			out = append(out, reloadable(c)...)
		case c.shape == section || c.reload == Live:
			out = append(out, c.path)
		}
	}
	return out
}

func enumerate(names []string) string {
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

func TestDocument(t *testing.T) {
	made := newDocument().String()
	if *update {
		if err := os.WriteFile(documentFile, []byte(made), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(documentFile)
	if err != nil {
		t.Fatal(err)
	}
	got, want := strings.Split(string(b), "\n"), strings.Split(made, "\n")
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("line %d of config.yaml differs from what the tags declare (`make config` rewrites it):\n%s\nwant\n%s",
				i+1, strings.Join(got[min(i, len(got)):min(i+1, len(got))], ""), strings.Join(want[min(i, len(want)):min(i+1, len(want))], ""))
		}
	}
}

// The examples are valid without their #, with a space after it or not.
func TestExamplesLoad(t *testing.T) {
	for _, mark := range []string{"#", "# "} {
		t.Run(mark, func(t *testing.T) { loadExamples(t, mark) })
	}
}

func loadExamples(t *testing.T, mark string) {
	b, err := os.ReadFile(documentFile)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), FileName)
	text := regexp.MustCompile(`(?m)^ *#  .*$`).ReplaceAllFunc(b, func(line []byte) []byte {
		return bytes.Replace(line, []byte(mark), nil, 1)
	})
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	f, _, err := Load(name, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for _, c := range Changed(Default(), f) {
		if c.Key != "policies" && c.Key != "server.alerts.webhooks" {
			t.Errorf("%s is not at its default", c.Key)
		}
	}
	if len(f.Policies) != 1 || len(f.Server.Alerts.Webhooks) != 1 {
		t.Errorf("%d policies, %d webhooks, want one example of each", len(f.Policies), len(f.Server.Alerts.Webhooks))
	}
}
