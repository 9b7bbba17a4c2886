package config

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

// documentFile documents every key.
const documentFile = "../../../config.yaml"

func TestMalformedTags(t *testing.T) {
	type section struct {
		Key int `mapstructure:"key"`
	}
	type untagged struct {
		Key int `doc:"Of what?"`
	}
	var (
		integer, integers = reflect.TypeFor[int](), reflect.TypeFor[[]int]()
		length, word      = reflect.TypeFor[time.Duration](), reflect.TypeFor[string]()
	)
	for _, c := range []struct {
		want string
		of   reflect.Type // of each field
		tags []reflect.StructTag
	}{
		{`a: default: "5", expected a duration`, length, []reflect.StructTag{`mapstructure:"a" default:"5"`}},
		{`a: default: 2s, expected 3s or more`, length, []reflect.StructTag{`mapstructure:"a" default:"2s" min:"3s"`}},
		{`a: default: 0s, expected above 0s`, length, []reflect.StructTag{`mapstructure:"a" above:"0s"`}},
		{`a: default: "b", expected one of ["c" "d"]`, word, []reflect.StructTag{`mapstructure:"a" default:"b" oneof:"c d"`}},
		{`a: default: "b", expected host:port`, word, []reflect.StructTag{`mapstructure:"a" default:"b" is:"host:port or empty"`}},
		{`a: min: "many", expected a whole number`, integer, []reflect.StructTag{`mapstructure:"a" min:"many"`}},
		{`a: max: "z", expected text`, word, []reflect.StructTag{`mapstructure:"a" max:"z"`}},
		{`a: is: unknown form "number"`, word, []reflect.StructTag{`mapstructure:"a" is:"number"`}},
		{`a: oneof, is: expected a text`, integer, []reflect.StructTag{`mapstructure:"a" oneof:"1 2"`}},
		{`a: reload: "yes", expected live, restart or unused`, integer, []reflect.StructTag{`mapstructure:"a" reload:"yes"`}},
		{`a: min and above`, integer, []reflect.StructTag{`mapstructure:"a" min:"1" above:"0"`}},
		{`A: expected a name of small letters`, word, []reflect.StructTag{`mapstructure:"A"`}},
		{`a,remain: expected a name of small letters`, word, []reflect.StructTag{`mapstructure:"a,remain"`}},
		{`a: secret: "true", expected true, and a text`, integer, []reflect.StructTag{`mapstructure:"a" secret:"true"`}},
		{`a: secret: "yes", expected true`, word, []reflect.StructTag{`mapstructure:"a" secret:"yes"`}},
		{`a: declared twice`, integer, []reflect.StructTag{`mapstructure:"a"`, `mapstructure:"a"`}},
		{`key: declared twice`, reflect.TypeFor[section](), []reflect.StructTag{`mapstructure:",squash"`, `mapstructure:",squash"`}},
		{`a: type int64 with unit ""`, reflect.TypeFor[int64](), []reflect.StructTag{`mapstructure:"a"`}},
		{`a: type int with unit "bytes"`, integer, []reflect.StructTag{`mapstructure:"a" unit:"bytes"`}},
		{`a: type []int with unit ""`, integers, []reflect.StructTag{`mapstructure:"a"`}},
		{`a: default: a section has none`, reflect.TypeFor[section](), []reflect.StructTag{`mapstructure:"a" default:"x"`}},
		{`a: field Key of config.untagged is not a key`, reflect.TypeFor[untagged](), []reflect.StructTag{`mapstructure:"a"`}},
		{`field A: unknown tag defalt`, integer, []reflect.StructTag{`mapstructure:"a" defalt:"1"`}},
		{`field A: default twice`, integer, []reflect.StructTag{`mapstructure:"a" default:"1" default:"2"`}},
		{`field A: expected name:"value" at "default:1"`, integer, []reflect.StructTag{`mapstructure:"a" default:1`}},
	} {
		t.Run(c.want, func(t *testing.T) {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, c.want) {
					t.Errorf("%s, want %s", got, c.want)
				}
			}()
			var fields []reflect.StructField
			for i, tag := range c.tags {
				fields = append(fields, reflect.StructField{Name: string(rune('A' + i)), Type: c.of, Tag: tag})
			}
			newRoot(reflect.StructOf(fields))
		})
	}
}

// Every field of this package's structs needs tags.
func TestEveryFieldIsAKey(t *testing.T) {
	type forgotten struct{ Key string }
	defer func() {
		if got := fmt.Sprint(recover()); !strings.Contains(got, "field Key of config.forgotten is not a key") {
			t.Error(got)
		}
	}()
	newRoot(reflect.TypeFor[forgotten]())
}

func TestEveryKeyIsDocumented(t *testing.T) {
	keys := root.keys()
	if len(keys) < 40 {
		t.Fatalf("only %d keys", len(keys))
	}
	for _, n := range keys {
		if !strings.HasSuffix(n.doc, ".") {
			t.Errorf("%s: %q, expected a sentence", n.path, n.doc)
		}
	}
}

// Each key can be set from the environment: keys that do not accept every text
// refuse an invalid one.
func TestEveryKeyHasItsVariable(t *testing.T) {
	for _, n := range root.keys() {
		if n.kind == text && len(n.oneOf) == 0 && n.form == "" {
			continue
		}
		t.Run(n.path, func(t *testing.T) {
			t.Setenv(EnvPrefix+"_"+strings.ToUpper(strings.ReplaceAll(n.path, ".", "_")), "?")
			if _, _, err := Load(documentFile, nil); err == nil || !strings.Contains(err.Error(), "\n"+n.path) {
				t.Errorf("%q from the environment: %v, want an error that names the key", "?", err)
			}
		})
	}
}
