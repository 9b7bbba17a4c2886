package lint

import "examlink/dashboards/grafana"

// Expression holds an expression that is on no dashboard, of a rule or in a
// runbook, to what there is: its metrics, their labels and the values of these.
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

// Labels are the labels that the result of an expression can have, and nil for
// one that cannot be read.
func Labels(expr string, registry Registry) []string {
	q, err := parse(expr)
	if err != nil {
		return nil
	}
	return (&checker{registry: registry, d: &grafana.Dashboard{}}).labelsOf(q.expr)
}
