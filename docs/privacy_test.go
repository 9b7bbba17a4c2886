package docs_test

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"examlink/server/store"
)

// privacy.md names every key of the retention with its default.
func TestPrivacyNamesRetention(t *testing.T) {
	b, err := os.ReadFile("privacy.md")
	if err != nil {
		t.Fatal(err)
	}
	typ := reflect.TypeFor[store.Retention]()
	for i := range typ.NumField() {
		tag := typ.Field(i).Tag
		if want := "`store.retention." + tag.Get("mapstructure") + "`, " + tag.Get("default") + " "; !strings.Contains(string(b), want) {
			t.Errorf("docs/privacy.md has no %q", want)
		}
	}
}

// The schema of the audit log has every action.
func TestSchemaNamesActions(t *testing.T) {
	b, err := os.ReadFile("schemas/audit.1.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range store.Actions() {
		if !strings.Contains(string(b), `"`+string(a)+`"`) {
			t.Errorf("the schema of the audit log has no action %q", a)
		}
	}
}
