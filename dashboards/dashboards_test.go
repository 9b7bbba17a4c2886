package dashboards_test

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"examlink/dashboards"
	"examlink/dashboards/grafana"
	"examlink/dashboards/lint"
)

// committed reads the committed JSON, in the order of the file names.
func committed(t *testing.T) []*grafana.Dashboard {
	t.Helper()
	files, err := filepath.Glob("json/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files in json/, %v", len(files), err)
	}
	var out []*grafana.Dashboard
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		d, err := grafana.Decode(data)
		if err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		out = append(out, d)
	}
	return out
}

func TestCommittedIsWhatTheCodeSays(t *testing.T) {
	want, err := dashboards.Files()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("json/*")
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, f := range files {
		name := filepath.Base(f)
		have = append(have, name)
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(data, want[name]) {
			t.Errorf("%s is not what the code says: run make dashboards", f)
		}
	}
	if expected := slices.Sorted(maps.Keys(want)); !slices.Equal(have, expected) {
		t.Errorf("json/ has %q, expected %q: run make dashboards", have, expected)
	}
	again, err := dashboards.Files()
	if err != nil {
		t.Fatal(err)
	}
	for name := range want {
		if !bytes.Equal(want[name], again[name]) {
			t.Errorf("%s comes out otherwise the second time", name)
		}
	}
}

func TestRules(t *testing.T) {
	for _, f := range lint.Check(committed(t), programs(t)) {
		t.Error(f)
	}
}
