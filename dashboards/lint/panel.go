package lint

import (
	"slices"
	"strings"

	"examlink/dashboards/grafana"
)

// units are the Grafana units that we use.
var units = []string{"bps", "s", "percentunit", "short", "pps", "bytes", "ops", "string"}

// panels checks each panel and the layout.
func (c *checker) panels() {
	ids, titles := map[int]bool{}, map[string]bool{}
	if len(c.d.Panels) == 0 {
		c.add("panel-no-targets", "no panels")
	}
	for i := range c.d.Panels {
		c.p = &c.d.Panels[i]
		p := c.p
		if p.ID <= 0 || ids[p.ID] {
			c.add("panel-id", "id %d is zero or another panel's", p.ID)
		}
		if titles[p.Title] {
			c.add("panel-title-description", "title %q is another panel's", p.Title)
		}
		ids[p.ID], titles[p.Title] = true, true
		c.place(c.d.Panels[:i])
		switch p.Type {
		case grafana.Row:
			if len(p.Panels) > 0 || p.Collapsed {
				c.add("panel-row", "collapsed: no rule looks at what is inside")
			}
		case grafana.Text:
			if s, _ := p.Options["content"].(string); s == "" || p.Title == "" {
				c.add("panel-title-description", "a text without title or words")
			}
		case grafana.Stat, grafana.TimeSeries, grafana.StateTimeline, grafana.Heatmap, grafana.Table:
			c.panel(p)
		default:
			c.add("panel-kind", "no rule knows panels of type %q", p.Type)
		}
	}
	c.p = nil
}

// place checks that a panel fits the width and overlaps no other.
func (c *checker) place(before []grafana.Panel) {
	g := c.p.GridPos
	if g.W <= 0 || g.H <= 0 || g.X < 0 || g.Y < 0 || g.X+g.W > grafana.Columns {
		c.add("panel-place", "%+v is not within %d columns", g, grafana.Columns)
	}
	for _, o := range before {
		b := o.GridPos
		if g.X < b.X+b.W && b.X < g.X+g.W && g.Y < b.Y+b.H && b.Y < g.Y+g.H {
			c.add("panel-place", "overlaps %q", o.Title)
		}
	}
}

// panel checks a panel with queries.
func (c *checker) panel(p *grafana.Panel) {
	if p.Title == "" || len(p.Description) < 20 {
		c.add("panel-title-description", "title %q and description %q: both are needed, and the question the panel answers", p.Title, p.Description)
	}
	if p.Datasource == nil || !chosen(*p.Datasource) {
		c.add("panel-datasource", "does not ask $datasource")
	}
	if p.FieldConfig == nil {
		c.add("panel-units", "no fieldConfig")
		return
	}
	if unit := p.FieldConfig.Defaults.Unit; !slices.Contains(units, unit) {
		c.add("panel-units", "unit %q, expected one of %q", unit, units)
	}
	if len(p.Targets) == 0 {
		c.add("panel-no-targets", "asks nothing")
	}
	c.unknown(p)
	refs := map[string]bool{}
	for _, t := range p.Targets {
		if t.RefID == "" || refs[t.RefID] {
			c.add("target-refid", "refId %q is empty or another query's", t.RefID)
		}
		refs[t.RefID] = true
		c.target(p, t)
	}
	c.links(p)
	c.labelColumns(p)
}

// labelColumns reports table columns for labels that no result has.
func (c *checker) labelColumns(p *grafana.Panel) {
	for _, t := range p.Transformations {
		order, _ := t.Options["indexByName"].(map[string]any)
		for name := range order {
			if strings.HasPrefix(name, "Value") {
				continue
			}
			if !slices.ContainsFunc(p.Targets, func(t grafana.Target) bool {
				q, err := parse(t.Expr)
				return err == nil && slices.Contains(c.labelsOf(q.expr), name)
			}) {
				c.add("table-column", "column of a label %s, which no result has", name)
			}
		}
	}
}

// target checks one query.
func (c *checker) target(p *grafana.Panel, t grafana.Target) {
	if !chosen(t.Datasource) {
		c.add("panel-datasource", "query %s does not ask $datasource", t.RefID)
	}
	now := p.Type == grafana.Stat || p.Type == grafana.Table
	if t.Instant != now || t.Range == now {
		c.add("target-time", "query %s: a %s must ask for %s", t.RefID, p.Type, map[bool]string{true: "now alone, or an old value looks like one of now", false: "the time shown"}[now])
	}
	c.variables("template-unknown", t.Expr)
	q, err := parse(t.Expr)
	if err != nil {
		c.add("target-promql", "query %s: %v", t.RefID, err)
		return
	}
	c.selectors(q, "target-metric")
	c.windows(q)
	c.legend("query "+t.RefID, t.LegendFormat, c.labelsOf(q.expr))
	unit := unitOf(p, t)
	rate := strings.Contains(t.Expr, "_bytes_per_second") && !divides(q.expr) && !strings.Contains(t.Expr, "_count")
	switch {
	case timesEight(q.expr) && unit != "bps":
		c.add("panel-bits", "query %s is in bit/s, and its unit is %q", t.RefID, unit)
	case unit == "bps" && !timesEight(q.expr):
		c.add("panel-bits", "query %s is shown in bit/s, and not multiplied by 8", t.RefID)
	case rate && unit != "bps":
		c.add("panel-bits", "query %s is a rate: multiply by 8, unit bps", t.RefID)
	}
}

// unitOf returns the unit in which a query's values are shown: in a table, its
// column's.
func unitOf(p *grafana.Panel, t grafana.Target) string {
	if p.Type == grafana.Table {
		title := columnOf(p, t.RefID)
		for _, o := range p.FieldConfig.Overrides {
			for _, prop := range o.Properties {
				if s, ok := prop.Value.(string); ok && prop.ID == "unit" && o.Matcher.Options == title {
					return s
				}
			}
		}
	}
	return p.FieldConfig.Defaults.Unit
}

// columnOf returns the title of the column with a query's values.
func columnOf(p *grafana.Panel, ref string) string {
	for _, t := range p.Transformations {
		if names, ok := t.Options["renameByName"].(map[string]any); ok {
			if s, ok := names["Value #"+ref].(string); ok {
				return s
			}
		}
	}
	return ""
}
