package dashboards_test

import (
	"encoding/json"
	"flag"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"examlink/dashboards/grafana"
)

var withEngine = flag.Bool("engine", false, "show results with Grafana's own data engine; wants node and `npm ci` in engine/")

// engineInput is one panel with the results of its queries, for engine/show.cjs. It
// answers with a list of rows for each panel: of a table its rows by column, else one
// value for each series by the series' name.
type engineInput struct {
	Panel   *grafana.Panel `json:"panel"`
	Queries []engineQuery  `json:"queries"`
}

type engineQuery struct {
	RefID  string         `json:"refId"`
	Legend string         `json:"legend"`
	Result []engineSeries `json:"result"`
}

type engineSeries struct {
	Metric map[string]string `json:"metric"`
	Values [][]any           `json:"values"`
}

// engineCell is a value as Grafana shows it.
type engineCell struct{ Text, Color string }

// engineRows are what Grafana makes of a panel.
type engineRows []map[string]engineCell

// results returns the result of a query as it is.
func results(t *testing.T, base string, target grafana.Target, expr string, until time.Time, span time.Duration) []engineSeries {
	t.Helper()
	out := []engineSeries{}
	end := strconv.FormatInt(until.Unix(), 10)
	path, query := "/api/v1/query", url.Values{"query": {expr}, "time": {end}}
	if !target.Instant {
		path, query = "/api/v1/query_range", url.Values{"query": {expr}, "start": {strconv.FormatInt(until.Add(-span).Unix(), 10)}, "end": {end}, "step": {"15"}}
	}
	for _, r := range getJSON[answer](t, base+path, query).Data.Result {
		values := r.Values
		if target.Instant {
			values = [][]any{r.Value}
		}
		out = append(out, engineSeries{r.Metric, values})
	}
	return out
}

// engineLook shows every panel of a dashboard with Grafana's engine.
func engineLook(t *testing.T, base, uid string, c choice, until time.Time, span time.Duration) map[string]engineRows {
	t.Helper()
	d := page(t, committed(t), uid)
	var input []engineInput
	for i := range d.Panels {
		p := &d.Panels[i]
		if len(p.Targets) == 0 {
			continue
		}
		x := engineInput{Panel: p}
		for _, target := range p.Targets {
			expr := fillOver(target.Expr, p.Interval, c, span)
			x.Queries = append(x.Queries, engineQuery{target.RefID, target.LegendFormat, results(t, base, target, expr, until, span)})
		}
		input = append(input, x)
	}
	data, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "panels.json")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	var answers []engineRows
	out := run(t, "engine", tool(t, "node", "nodejs"), "show.cjs", file)
	if err := json.Unmarshal([]byte(out), &answers); err != nil || len(answers) != len(input) {
		t.Fatalf("%v, %d answers for %d panels\n%s", err, len(answers), len(input), out)
	}
	rows := map[string]engineRows{}
	for i, a := range answers {
		rows[input[i].Panel.Title] = a
	}
	return rows
}

// TestGrafanaShowsRealClients has Grafana's own data engine apply the transformations,
// reducers, mappings and thresholds of the panels to the results of a simulation.
func TestGrafanaShowsRealClients(t *testing.T) {
	if !*withEngine {
		t.Skip("for -engine only")
	}
	x := simulate(t)
	const span = 5 * time.Minute
	onServer := choice{job: "examlink-server"}
	session := func(exam, student string) choice {
		return choice{job: "examlink-server", exam: exam, session: x.sessions[student]}
	}
	trouble := []string{grafana.Bad, grafana.Uneasy, "yellow"}
	values := 0
	for uid, c := range map[string]choice{
		"examlink-fleet": onServer, "examlink-checks": onServer, "examlink-health": onServer,
		"examlink-exam": session("healthy", ""), "examlink-session": session("healthy", "healthy/0"),
		"examlink-client": {job: "examlink-client", instance: "healthy/0"},
	} {
		d := page(t, committed(t), uid)
		for title, rows := range engineLook(t, x.base, uid, c, x.first, span) {
			i := slices.IndexFunc(d.Panels, func(p grafana.Panel) bool { return p.Title == title })
			for _, row := range rows {
				for name, cell := range row {
					values++
					t.Logf("%s: %s: %s: %q %s", uid, title, name, cell.Text, cell.Color)
					colored := d.Panels[i].Type == grafana.Stat || d.Panels[i].Type == grafana.Table
					if colored && slices.Contains(trouble, cell.Color) {
						t.Errorf("%s: %s: %s is shown as %q in %s, on healthy links", uid, title, name, cell.Text, cell.Color)
					}
					if cell.Text == "" || strings.Contains(cell.Text, "undefined") || strings.Contains(cell.Text, "NaN") || strings.HasPrefix(name, "Value #") {
						t.Errorf("%s: %s: %s is shown as %q", uid, title, name, cell.Text)
					}
				}
			}
		}
	}
	if values < 200 {
		t.Errorf("%d values shown, expected many", values)
	}

	const first = "Sessions, worst first"
	table := engineLook(t, x.base, "examlink-exam", session("mixed", ""), x.second, span)[first]
	for student, want := range map[string]map[string]engineCell{
		"marginal": {"State": {"live", "green"}, "Upload": {"meets minimum", "green"}, "Download (claimed)": {"meets minimum", "green"}},
		"failing":  {"State": {"live", "green"}, "Upload": {"below minimum", "red"}, "Download (claimed)": {"below minimum", "red"}, "Upload at least": {"245 kb/s", "text"}},
		"silent": {"State": {"exam-relevant", "red"}, "Upload": {"not known", "text"}, "Upload at least": {"not known", "text"}, "Upload at most": {"none known", "text"},
			"Download (claimed)": {"not known", "text"}, "Warnings (claimed)": {"no data", "text"}},
	} {
		i := slices.IndexFunc(table, func(row map[string]engineCell) bool { return row["Session"].Text == x.sessions["mixed/"+student] })
		if i < 0 {
			t.Errorf("%s is not in the table %v", student, table)
			continue
		}
		for column, cell := range want {
			if table[i][column] != cell {
				t.Errorf("%s: %s is shown as %+v, expected %+v in %v", student, column, table[i][column], cell, table[i])
			}
		}
	}
	fleet := engineLook(t, x.base, "examlink-fleet", onServer, x.second, span)
	alerts := map[string]string{}
	for _, row := range fleet["Firing alerts"] {
		alerts[row["Alert"].Text] = row["Exam"].Text + " " + row["Session"].Text + " " + row["Server"].Text
	}
	if want := map[string]string{"ExamlinkServerSaturated": "none none exam-1:9481", "ExamlinkSessionExamRelevant": "mixed s exam-1:9481"}; !maps.Equal(alerts, want) {
		t.Errorf("alerts are shown with exam, session and server %v, expected %v", alerts, want)
	}
	if got := fleet["Exams now"]; len(got) != 2 {
		t.Errorf("%v, expected two exams", got)
	}
	if len(table) != 3 {
		t.Errorf("%d rows, expected the three watches: %v", len(table), table)
	}
}
