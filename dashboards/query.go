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
	// watching selects sessions during exams: a check that was broken off needs no
	// attention.
	watching = `purpose="watch"`
	checking = `purpose="check"`
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
// which must be a bucket bound and no whole number: Prometheus 3 writes those
// otherwise than Prometheus 2.
func reaching(metric, bound string) string {
	return "sum(" + rate(of(metric+"_bucket", `le="`+bound+`"`)) + ") / sum(" + rate(of(metric+"_count")) + ")"
}

// ofWatches selects a metric of the watches of the selected exam.
func ofWatches(metric string, matchers ...string) string {
	return ofExam(metric, append([]string{watching}, matchers...)...)
}

// whileKnown shows a session's rate only while the rate is known: that of a silent
// session is an old value.
func whileKnown(rate, outcome string) string {
	return rate + " and on (job, instance, exam, session) " + outcome
}

// silence is the time since the last packet, when the server was scraped: the age
// of the scrape itself is no silence.
func silence(selector string) string { return "timestamp(" + selector + ") - " + selector }

// ratesBelow counts the sessions whose rate is below the minimum, by the labels in
// by; where no session's rate is known, there is no count.
func ratesBelow(by string, of func(string, ...string) string, matchers ...string) string {
	sum := func(outcome string) string {
		selector := of("examlink_exam_rate_sessions", append([]string{watching, outcome}, matchers...)...)
		if by == "" {
			return "sum(" + selector + ")"
		}
		return "sum by (" + by + ") (" + selector + ")"
	}
	return sum(`outcome="below"`) + " and on (" + by + ") (" + sum(`outcome!="unknown"`) + " > 0)"
}

// sessionsBelow is the share of the sessions whose rate is below the minimum among
// those whose rate is known to be below it or to meet it. It counts sessions, not
// tests: a slow link is tested more often.
func sessionsBelow(direction string) string {
	sum := func(outcome string) string {
		return "sum(" + of("examlink_exam_rate_sessions", watching, direction, outcome) + ")"
	}
	return sum(`outcome="below"`) + " / (" + sum(`outcome=~"below|meets"`) + " > 0)"
}

// checked is the share of the checks with one of some findings on a criterion, among
// those that could tell whether it meets the minimum.
func checked(criterion, findings, window string) string {
	sum := func(metric string, matchers ...string) string {
		return "sum(increase(" + of(metric, matchers...) + "[" + window + "]))"
	}
	const criteria = "examlink_server_verdict_criteria_total"
	match := `criterion="` + criterion + `"`
	return sum(criteria, match, `finding=~"`+findings+`"`) + " / (" +
		sum("examlink_server_verdicts_total") + " - " + sum(criteria, match, `finding="unclear"`) + " > 0)"
}

// whileHeard shows what a client claims only while its session is not silent: a claim
// from before a silence is an old value.
func whileHeard(claim, state string) string {
	return claim + " and on (job, instance, exam, session) (" + state + " < 2)"
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
