package lint

import (
	"regexp"
	"slices"
	"strings"

	"examlink/dashboards/grafana"
)

// refreshOnTimeChange is Grafana's code for querying values again when the time
// range changes.
const refreshOnTimeChange = 2

var labelValues = regexp.MustCompile(`^label_values\((.+), ?([a-z_]+)\)$`)

// templates checks the variables of a dashboard.
func (c *checker) templates() {
	seen := map[string]int{}
	for _, v := range c.d.Templating.List {
		seen[v.Name]++
		switch v.Type {
		case "datasource":
			if v.Name != "datasource" || v.Label != "Data Source" || v.Text() != "prometheus" {
				c.add("template-datasource", "variable %q, label %q, query %q, expected datasource, Data Source, prometheus", v.Name, v.Label, v.Text())
			}
		case "query":
			c.template(v)
		default:
			c.add("template-datasource", "variable %s of type %q, expected datasource or query", v.Name, v.Type)
		}
	}
	if seen["datasource"] != 1 {
		c.add("template-datasource", "%d variables named datasource, expected one", seen["datasource"])
	}
	for name, label := range map[string]string{"job": "Job", "instance": "Instance"} {
		i := slices.IndexFunc(c.d.Templating.List, func(v grafana.Variable) bool { return v.Name == name })
		if i < 0 || seen[name] > 1 {
			c.add("template-"+name, "%d variables named %s, expected one", seen[name], name)
			continue
		}
		v := c.d.Templating.List[i]
		if v.Label != label || !v.Multi || !v.IncludeAll || v.AllValue != ".+" {
			c.add("template-"+name, "label %q, multi %v, all %v as %q, expected %s, several, all as .+", v.Label, v.Multi, v.IncludeAll, v.AllValue, label)
		}
	}
}

// template checks one variable with a query.
func (c *checker) template(v grafana.Variable) {
	if v.Datasource == nil || !chosen(*v.Datasource) {
		c.add("template-datasource", "variable %s does not ask $datasource", v.Name)
	}
	if v.Refresh != refreshOnTimeChange {
		c.add("template-on-time-change-reload", "variable %s is not looked up anew when the time changes", v.Name)
	}
	m := labelValues.FindStringSubmatch(v.Text())
	if m == nil {
		c.add("template-label-promql", "variable %s: %q, expected label_values(METRIC, LABEL)", v.Name, v.Text())
		return
	}
	q, err := parse(m[1])
	if err != nil {
		c.add("template-label-promql", "variable %s: %v", v.Name, err)
		return
	}
	c.selectors(q, "template-label-promql")
	if !slices.Contains(c.labelsOf(q.expr), m[2]) {
		c.add("template-label-promql", "variable %s: %s has no label %s", v.Name, m[1], m[2])
	}
}

// variable matches $name, ${name} and ${name:format}.
var variable = regexp.MustCompile(`\$(?:\{([A-Za-z_]\w*)[^}]*\}|([A-Za-z_]\w*))`)

// variables reports variables in text that neither the dashboard nor Grafana has.
func (c *checker) variables(rule, text string) {
	for _, m := range variable.FindAllStringSubmatch(text, -1) {
		name := m[1] + m[2]
		own := slices.ContainsFunc(c.d.Templating.List, func(v grafana.Variable) bool { return v.Name == name })
		if !own && !strings.HasPrefix(name, "__") {
			c.add(rule, "%q uses $%s, which the dashboard does not have", text, name)
		}
	}
}

// has reports whether the dashboard has a variable of that name.
func has(d *grafana.Dashboard, name string) bool {
	return slices.ContainsFunc(d.Templating.List, func(v grafana.Variable) bool { return v.Name == name })
}

// chosen reports whether queries go to the selected data source.
func chosen(s grafana.Datasource) bool {
	return s.Type == "prometheus" && (s.UID == "$datasource" || s.UID == "${datasource}")
}

// annotations checks the queries of annotations.
func (c *checker) annotations() {
	for _, a := range c.d.Annotations.List {
		if !chosen(a.Datasource) {
			c.add("annotation-datasource", "annotation %q does not ask $datasource", a.Name)
		}
		q, err := parse(a.Expr)
		if err != nil {
			c.add("target-promql", "annotation %q: %v", a.Name, err)
			continue
		}
		c.variables("template-unknown", a.Expr)
		c.selectors(q, "target-metric")
		c.legend("annotation "+a.Name, a.TitleFormat+a.TextFormat, c.labelsOf(q.expr))
	}
}
