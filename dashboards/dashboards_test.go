package dashboards_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"examlink/dashboards"
	"examlink/dashboards/grafana"
	"examlink/dashboards/lint"
	"examlink/server/session"
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
	for _, f := range lint.Check(committed(t), withRecorded(t, programs(t))) {
		t.Error(f)
	}
}

// TestSilenceIsColouredAsItsState compares the colours of the time since the last
// packet with the server's timers.
func TestSilenceIsColouredAsItsState(t *testing.T) {
	s := session.DefaultSilence()
	want := map[string]float64{"yellow": s.Suspect.Seconds(), "orange": s.Dropped.Seconds(), "red": s.ExamRelevant.Seconds()}
	all := committed(t)
	found := 0
	check := func(where string, th grafana.Thresholds) {
		found++
		seen := map[string]float64{}
		for _, step := range th.Steps {
			if step.Value != nil && *step.Value > 0 {
				seen[step.Color] = *step.Value
			}
		}
		if !maps.Equal(seen, want) {
			t.Errorf("%s: %v, expected %v", where, seen, want)
		}
	}
	check("session", *pick(t, all, "examlink-session", "Last packet").FieldConfig.Defaults.Thresholds)
	for _, o := range pick(t, all, "examlink-exam", "Sessions, worst first").FieldConfig.Overrides {
		for _, p := range o.Properties {
			if o.Matcher.Options == "Last packet" && p.ID == "thresholds" {
				data, err := json.Marshal(p.Value)
				if err != nil {
					t.Fatal(err)
				}
				var th grafana.Thresholds
				if err := json.Unmarshal(data, &th); err != nil {
					t.Fatal(err)
				}
				check("table", th)
			}
		}
	}
	if found != 2 {
		t.Errorf("%d places found, expected 2", found)
	}
}
