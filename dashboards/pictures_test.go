package dashboards_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"examlink/dashboards/grafana"
)

var picturesIn = flag.String("pictures", "", "draw the dashboards into this `folder`; wants node, chromium and `npm ci` in pictures/")

// drawn is the input of pictures/draw.mjs.
type drawn struct {
	Prometheus string               `json:"prometheus"`
	Start      time.Time            `json:"start"`
	End        time.Time            `json:"end"`
	Interval   string               `json:"interval"`
	Dashboards []*grafana.Dashboard `json:"dashboards"`
}

// TestPictures draws each dashboard of the scene in a real browser, from a real
// Prometheus, with Perses in place of Grafana.
func TestPictures(t *testing.T) {
	if *picturesIn == "" {
		t.Skip("pictures are drawn for -pictures FOLDER only")
	}
	node, chromium := tool(t, "node", "nodejs"), tool(t, "chromium", "chromium-browser", "google-chrome")
	folder, err := filepath.Abs(*picturesIn)
	if err != nil {
		t.Fatal(err)
	}
	d := drawn{Prometheus: startPrometheus(t), Start: at(moment - shown), End: at(moment), Interval: step.String()}
	for _, dashboard := range committed(t) {
		for i, p := range dashboard.Panels {
			for j, target := range p.Targets {
				dashboard.Panels[i].Targets[j].Expr = fill(target.Expr, p.Interval, readers[dashboard.UID])
			}
		}
		d.Dashboards = append(d.Dashboards, dashboard)
	}
	data, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "shown.json")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CHROMIUM", chromium)
	t.Log(run(t, "pictures", node, "draw.mjs", file, folder))
}
