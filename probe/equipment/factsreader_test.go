package equipment

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestReadFacts(t *testing.T) {
	const head = `{"schema":"examlink.equipment-facts/1","by":"page"`
	f, err := ReadFacts([]byte(head + `,"browser":{"name":"chrome"},"later":1}`))
	if err != nil || f.Browser == nil || f.Browser.Name != "chrome" {
		t.Errorf("%+v, %v", f, err)
	}
	for in, want := range map[string]string{
		`{}`: `schema: ""`,
		`{"schema":"examlink.equipment-facts/1","by":"me"}`: `by: "me"`,
		`[`: "unexpected end",
		head + `,"browser":{"name":"` + strings.Repeat("x", 101) + `"}}`:                                               "browser.name: 101 bytes",
		head + `,"system":{"name":"win\u001b[2J"}}`:                                                                    "system.name",
		head + `,"webcam":{"access":"perhaps"}}`:                                                                       `webcam.access: "perhaps"`,
		head + `,"webcam":{"access":"granted","width":"wide"}}`:                                                        "width",
		`{"schema":"examlink.equipment-facts/1","by":"program","virtual_machine":{"looked":[],"signs":[{},{},{},{}]}}`: "4 signs",
		head + `,"virtual_machine":{"looked":[],"signs":[]}}`:                                                          "virtual_machine: given",
		head + `,"system":{"name":"windows","s_mode":false}}`:                                                          "system.s_mode: given",
		head + `,"memory":{"bytes":8589934592}}`:                                                                       "memory.bytes: given",
		head + `,"memory":{"rounded_gibibytes":-8}}`:                                                                   "memory.rounded_gibibytes: -8",
		head + `,"webcam":{"access":"granted","width":0}}`:                                                             "webcam.width: 0, expected 1 to 32768",
		head + `,"webcam":{"access":"granted","height":1000000}}`:                                                      "webcam.height: 1000000",
		head + `,"webcam":{"access":"granted","frames":-1}}`:                                                           "webcam.frames: -1",
		head + `,"microphone":{"access":"granted","level_dbfs":3}}`:                                                    "microphone.level_dbfs: 3",
		`{"schema":"examlink.equipment-facts/1","by":"program","memory":{"bytes":-1}}`:                                 "memory.bytes: -1",
		head + `,"later":"` + strings.Repeat("x", maxFacts) + `"}`:                                                     "expected at most 16384",
	} {
		if _, err := ReadFacts([]byte(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %s", in, err, want)
		}
	}
}

// Whatever is read can be judged, shown and written again.
func FuzzReadFacts(f *testing.F) {
	f.Add([]byte(`{"schema":"examlink.equipment-facts/1","by":"page","system":{"name":"windows","hint":"15.0.0"},"memory":{"rounded_gibibytes":8},
		"webcam":{"access":"granted","width":640,"height":480,"frames":1,"black":false,"frozen":false},"microphone":{"access":"granted","level_dbfs":-3}}`))
	f.Add([]byte(`{"schema":"examlink.equipment-facts/1","by":"program","system":{"name":"macos","version":"é"},"memory":{"bytes":0},
		"virtual_machine":{"looked":["firmware"],"signs":[{"source":"firmware","found":"x"},{"source":"devices","found":"y"}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		facts, err := ReadFacts(data)
		if err != nil {
			return
		}
		b, err := json.Marshal(facts)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := ReadFacts(b); err != nil || !reflect.DeepEqual(back, facts) {
			t.Errorf("read back: %v\n%+v\n%+v", err, back, facts)
		}
		for _, r := range []Requirements{ProctorU2019(), ProctorU2020(), ProctorU2025(), {Webcam: "x", Systems: []Accepted{{Name: "macos", Minimum: "y"}}}} {
			for _, x := range Judge(facts, r).Findings {
				if x.Sentence == "" || !utf8.ValidString(x.Sentence+x.Found) {
					t.Errorf("%+v", x)
				}
			}
		}
	})
}
