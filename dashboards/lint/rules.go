package lint

import "examlink/dashboards/grafana"

// Expression checks an expression of a rule or runbook: its metrics, labels and
// label values must exist.
func Expression(where, expr string, registry Registry) []Finding {
	c := &checker{registry: registry, d: &grafana.Dashboard{UID: where}}
	q, err := parse(expr)
	if err != nil {
		c.add("target-promql", "%v", err)
		return c.found
	}
	c.selectors(q, "target-metric")
	return c.found
}

// Labels returns the labels that the result of an expression can have, or nil if
// the expression cannot be parsed.
func Labels(expr string, registry Registry) []string {
	q, err := parse(expr)
	if err != nil {
		return nil
	}
	return (&checker{registry: registry, d: &grafana.Dashboard{}}).labelsOf(q.expr)
}
