package config

import (
	"net/url"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// YAML formats the effective configuration so that it can be loaded again, except
// for secrets, which are left out.
func (f File) YAML() (string, error) {
	b, err := yaml.Marshal(root.yaml(reflect.ValueOf(f)))
	return string(b), err
}

// yaml returns a key, or the keys in a section, as ordered YAML with units.
func (n *node) yaml(v reflect.Value) *yaml.Node {
	switch n.shape {
	case section:
		return n.mapping(v)
	case items:
		out := &yaml.Node{Kind: yaml.SequenceNode}
		for i := range v.Len() {
			out.Content = append(out.Content, n.mapping(v.Index(i)))
		}
		return out
	}
	out := &yaml.Node{Kind: yaml.ScalarNode}
	switch {
	case n.secret && !v.IsZero():
		_ = out.Encode("")
		out.LineComment = "set, not shown"
	case n.shape == value && strings.Contains(n.form, "URL") && redacted(v.String()) != v.String():
		_ = out.Encode(redacted(v.String()))
		out.LineComment = "password not shown"
	case n.kind == text:
		_ = out.Encode(v.Interface()) // adds quotes where necessary
	default:
		out.Value = n.kind.format(v)
	}
	return out
}

// redacted is a URL without its password.
func redacted(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.User == nil {
		return s
	}
	return u.Redacted()
}

func (n *node) mapping(v reflect.Value) *yaml.Node {
	out := &yaml.Node{Kind: yaml.MappingNode}
	for _, c := range n.children {
		out.Content = append(out.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: c.name}, c.yaml(c.of(v)))
	}
	return out
}
