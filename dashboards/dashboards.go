// Package dashboards makes the dashboards that operators read in Grafana, and
// keeps the rules that Prometheus evaluates beside them. A dashboard is Go; the
// JSON under json/ is what it comes to, and is committed. The package knows the
// metrics' names and not how they come about.
package dashboards

import "examlink/dashboards/grafana"

// tag is on every dashboard; their links to each other go by it.
const tag = "examlink"

// The dashboards' identities, which links and bookmarks hold on to.
const (
	uidFleet   = "examlink-fleet"
	uidExam    = "examlink-exam"
	uidSession = "examlink-session"
	uidChecks  = "examlink-checks"
	uidHealth  = "examlink-health"
	uidClient  = "examlink-client"
)

// All is every dashboard, by the name of its file without the ending.
func All() map[string]*grafana.Dashboard {
	return map[string]*grafana.Dashboard{
		"fleet": fleet(), "exam": exam(), "session": session(),
		"checks": checks(), "health": health(), "client": client(),
	}
}

// Files is the JSON of every dashboard by the name of its file.
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
