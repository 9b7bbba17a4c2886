package equipment_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"examlink/docs/schemas"
	"examlink/probe/equipment"
)

// What a page sends has the published form, and is read as it was sent.
func TestFactsHaveTheirSchema(t *testing.T) {
	schemas.Fields[equipment.Facts](t, equipment.FactsSchema)
	page := `{"schema":"examlink.equipment-facts/1","by":"page","system":{"name":"windows","hint":"15.0.0","architecture":"x86"},
		"memory":{"rounded_gibibytes":8},"tablet":false,"browser":{"name":"chrome","version":"140.0"},
		"webcam":{"access":"granted","width":1280,"height":720,"frames":88,"black":false,"frozen":false},
		"microphone":{"access":"granted","level_dbfs":-18.5,"silent":false,"clipping":false}}`
	schemas.Test(t, equipment.FactsSchema, []byte(page))
	var f equipment.Facts
	if err := json.Unmarshal([]byte(page), &f); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	var sent, kept any
	if err := json.Unmarshal([]byte(page), &sent); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &kept); err != nil || !reflect.DeepEqual(sent, kept) {
		t.Errorf("%v\nsent %v\nkept %v", err, sent, kept)
	}
	for _, x := range equipment.Findings(f, equipment.ProctorU2019()) {
		known := x.ID != equipment.IDSMode && x.ID != equipment.IDVirtualMachine // a page cannot know these
		if known != (x.Status == equipment.Met) {
			t.Errorf("%s: %s: %s", x.ID, x.Status, x.Sentence)
		}
	}
}
