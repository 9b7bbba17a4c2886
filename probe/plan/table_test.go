package plan

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"examlink/docs/schemas"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestGoldenPlans(t *testing.T) {
	denver := window(t, "2026-11-03T09:00", "2026-11-03T16:50", "America/Denver")
	howe := window(t, "2026-10-05T09:00", "2026-10-05T12:00", "Australia/Lord_Howe")
	for name, p := range map[string]Plan{
		"across-the-change": Make(at(t, "2026-10-30T10:00-06:00"), denver, Options{Seed: 1, Local: zone(t, "America/Denver")}),
		"abroad":            Make(at(t, "2026-10-30T10:00-06:00"), denver, Options{Seed: 1, Local: zone(t, "Europe/Berlin")}),
		"many-checks":       Make(at(t, "2026-09-20T10:00Z"), howe, Options{Seed: 2}),
		"late":              Make(at(t, "2026-11-02T06:00-07:00"), denver, Options{Seed: 3}),
		"under-way":         Make(at(t, "2026-11-03T10:00-07:00"), denver, Options{Seed: 3}),
		"over":              Make(at(t, "2026-11-04T10:00-07:00"), denver, Options{Seed: 3}),
		"no-window":         Make(at(t, "2026-11-04T10:00-07:00"), Window{}, Options{Seed: 3}),
	} {
		j, err := json.MarshalIndent(p, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		schemas.Test(t, Schema, j)
		for ext, got := range map[string]string{".txt": p.String(), ".json": string(j) + "\n"} {
			file := filepath.Join("testdata", name+ext)
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s is now\n%s\nand was\n%s", file, got, want)
			}
		}
	}
}
