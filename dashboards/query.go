package dashboards

import (
	"strconv"
	"strings"

	"examlink/dashboards/grafana"
)

// of selects a metric of the selected jobs and instances.
func of(metric string, matchers ...string) string {
	return metric + `{` + strings.Join(append([]string{`job=~"$job"`, `instance=~"$instance"`}, matchers...), ",") + `}`
}

// ofExam selects a metric of the selected exam.
func ofExam(metric string, matchers ...string) string {
	return of(metric, append([]string{`exam="$exam"`}, matchers...)...)
}

// ofSession selects a metric of the selected session.
func ofSession(metric string) string { return ofExam(metric, `session="$session"`) }

// Matchers used by several queries.
const (
	up   = `direction="up"`
	down = `direction="down"`
	// silent selects the states of a silent session.
	silent = `state=~"suspect|dropped|exam-relevant"`
)

// rate is a counter's rate over the window that Grafana chooses.
func rate(selector string) string { return "rate(" + selector + "[$__rate_interval])" }

// increase is a counter's growth over the window that Grafana chooses.
func increase(selector string) string { return "increase(" + selector + "[$__rate_interval])" }

// bits converts a stored rate, in bytes per second, to bit/s.
func bits(expr string) string { return expr + " * 8" }

// quantile is a quantile of a histogram, by the labels in keep.
func quantile(q, metric string, keep []string, matchers ...string) string {
	by := strings.Join(append([]string{"le"}, keep...), ", ")
	return "histogram_quantile(" + q + ", sum by (" + by + ") (" + rate(of(metric+"_bucket", matchers...)) + "))"
}

// reaching is the share of a histogram's observations that are at most bound,
// which must be a bucket bound. Prometheus 3 writes whole numbers with ".0",
// Prometheus 2 without.
func reaching(metric, bound string, matchers ...string) string {
	le := `le="` + bound + `"`
	if !strings.Contains(bound, ".") {
		le = `le=~"` + bound + `(\\.0)?"`
	}
	return "sum(" + rate(of(metric+"_bucket", append(matchers, le)...)) + ") / sum(" + rate(of(metric+"_count", matchers...)) + ")"
}

// perServer divides a session's value by its server's.
func perServer(value, server string) string {
	return value + " / on (job, instance) group_left () " + server
}

// worst keeps the n series of selector with the highest maximum in the selected
// time range; the choice is the same at every point of it.
func worst(n int, selector string) string {
	return selector + " and topk(" + strconv.Itoa(n) + ", max_over_time(" + selector + "[$__range] @ end()))"
}

// slowest keeps the n series with the lowest minimum in the selected time range.
func slowest(n int, selector string) string {
	return selector + " and bottomk(" + strconv.Itoa(n) + ", min_over_time(" + selector + "[$__range] @ end()))"
}

// variables are the variables every dashboard begins with; source is a metric
// that only the relevant jobs have.
func variables(source string, more ...grafana.Variable) grafana.Templating {
	return grafana.Templating{List: append([]grafana.Variable{
		grafana.DatasourceVariable(),
		grafana.Many("job", "Job", "label_values("+source+", job)"),
		grafana.Many("instance", "Instance", `label_values(`+source+`{job=~"$job"}, instance)`),
	}, more...)}
}

// examVariable and sessionVariable select one exam, and one of its sessions.
func examVariable() grafana.Variable {
	return grafana.One("exam", "Exam", "label_values("+of("examlink_exam_sessions")+", exam)")
}

func sessionVariable() grafana.Variable {
	return grafana.One("session", "Session", "label_values("+ofExam("examlink_session_state")+", session)")
}
