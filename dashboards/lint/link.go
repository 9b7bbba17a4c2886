package lint

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"examlink/dashboards/grafana"
)

var (
	toDashboard = regexp.MustCompile(`^/d/([a-z-]+)\?(.+)$`)
	field       = regexp.MustCompile(`\$\{__data\.fields\.([^}:]+)\}`)
	fieldLabel  = regexp.MustCompile(`\$\{__field\.labels\.([a-z_]+)\}`)
)

// links checks a panel's data links: they lead to an existing dashboard, and set
// its variables from values that this panel has.
func (c *checker) links(p *grafana.Panel) {
	all := slices.Clone(p.FieldConfig.Defaults.Links)
	for _, o := range p.FieldConfig.Overrides {
		for _, prop := range o.Properties {
			if l := as[[]grafana.DataLink](prop.Value); prop.ID == "links" && l != nil {
				all = append(all, *l...)
			}
		}
	}
	for _, l := range all {
		c.link(p, l)
	}
}

func (c *checker) link(p *grafana.Panel, l grafana.DataLink) {
	m := toDashboard.FindStringSubmatch(l.URL)
	if m == nil || l.Title == "" {
		c.add("panel-link", "%q to %q, expected a title and /d/UID?...", l.Title, l.URL)
		return
	}
	i := slices.IndexFunc(c.all, func(d *grafana.Dashboard) bool { return d.UID == m[1] })
	if i < 0 {
		c.add("panel-link", "%q leads to a dashboard %q, which is not there", l.Title, m[1])
		return
	}
	for _, needed := range []string{"${__url_time_range}", "${datasource:queryparam}"} {
		if !strings.Contains(l.URL, needed) {
			c.add("panel-link", "%q does not take %s along", l.Title, needed)
		}
	}
	for _, part := range strings.Split(m[2], "&") {
		name, value, sets := strings.Cut(part, "=")
		if !sets {
			continue // ${job:queryparam} and the like
		}
		if v, is := strings.CutPrefix(name, "var-"); !is || !has(c.all[i], v) {
			c.add("panel-link", "%q sets %s, which %s does not have", l.Title, name, m[1])
		}
		if _, err := url.PathUnescape(value); err != nil {
			c.add("panel-link", "%q: %v", l.Title, err)
		}
	}
	c.variables("panel-link", l.URL)
	for _, f := range field.FindAllStringSubmatch(l.URL+l.Title, -1) {
		if !slices.Contains(columns(p), f[1]) {
			c.add("panel-link", "%q takes a column %q, which the table does not have", l.Title, f[1])
		}
	}
	for _, f := range fieldLabel.FindAllStringSubmatch(l.URL+l.Title, -1) {
		if !slices.ContainsFunc(p.Targets, func(t grafana.Target) bool {
			q, err := parse(t.Expr)
			return err == nil && slices.Contains(c.labelsOf(q.expr), f[1])
		}) {
			c.add("panel-link", "%q takes a label %q, which no result has", l.Title, f[1])
		}
	}
}

// columns returns the titles of a table's columns.
func columns(p *grafana.Panel) []string {
	var out []string
	for _, t := range p.Transformations {
		if names, ok := t.Options["renameByName"].(map[string]any); ok {
			for _, v := range names {
				if s, ok := v.(string); ok {
					out = append(out, s)
				}
			}
		}
	}
	return out
}
