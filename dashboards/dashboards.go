// Package dashboards generates the Grafana dashboards for operators, and holds
// the Prometheus rules that go with them. Dashboards are defined in Go; the
// generated JSON under json/ is committed. The package knows the metrics' names,
// not how they are produced.
package dashboards

import "examlink/dashboards/grafana"

// tag is set on every dashboard; dashboards link to each other by it.
const tag = "examlink"

// UIDs of the dashboards. Links and bookmarks depend on them.
const (
	uidFleet   = "examlink-fleet"
	uidExam    = "examlink-exam"
	uidSession = "examlink-session"
	uidChecks  = "examlink-checks"
	uidHealth  = "examlink-health"
	uidClient  = "examlink-client"
)

// All returns every dashboard, by file name without extension.
func All() map[string]*grafana.Dashboard {
	return map[string]*grafana.Dashboard{
		"fleet": fleet(), "exam": exam(), "session": session(),
		"checks": checks(), "health": health(), "client": client(),
	}
}

// Files returns the JSON of every dashboard, by file name.
func Files() (map[string][]byte, error) {
	out := map[string][]byte{}
	for name, d := range All() {
		data, err := grafana.Encode(d)
		if err != nil {
			return nil, err
		}
		out[name+".json"] = data
	}
	return out, nil
}
