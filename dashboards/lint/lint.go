// Package lint checks dashboards against the rules of Grafana's dashboard linter,
// for every panel type, and against rules of our own: every metric and label is
// one the programs export, and an unknown value never looks good. It makes no
// network requests. Only tests import it.
package lint

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"

	"examlink/dashboards/grafana"
)

// Finding is one rule broken by one dashboard, or by one of its panels.
type Finding struct {
	Rule      string
	Dashboard string
	Panel     string // empty: the dashboard itself
	Detail    string
}

func (f Finding) String() string {
	return fmt.Sprintf("%s: %s: %s: %s", f.Dashboard, cmp.Or(f.Panel, "(dashboard)"), f.Rule, f.Detail)
}

// checker makes one pass over all dashboards.
type checker struct {
	registry Registry
	all      []*grafana.Dashboard
	d        *grafana.Dashboard // the one being checked
	p        *grafana.Panel     // nil: the dashboard itself
	found    []Finding
}

// Check returns the faults of a set of dashboards that link to each other.
func Check(all []*grafana.Dashboard, registry Registry) []Finding {
	c := &checker{registry: registry, all: all}
	uids, titles := map[string]bool{}, map[string]bool{}
	for _, d := range all {
		c.d, c.p = d, nil
		if uids[d.UID] {
			c.add("dashboard-uid", "uid %q is another dashboard's", d.UID)
		}
		if titles[d.Title] {
			c.add("dashboard-title", "title %q is another dashboard's", d.Title)
		}
		uids[d.UID], titles[d.Title] = true, true
		c.dashboard()
		c.templates()
		c.annotations()
		c.panels()
	}
	return c.found
}

func (c *checker) add(rule, format string, args ...any) {
	f := Finding{Rule: rule, Dashboard: c.d.UID, Detail: fmt.Sprintf(format, args...)}
	if c.p != nil {
		f.Panel = c.p.Title
	}
	c.found = append(c.found, f)
}

var uidForm = regexp.MustCompile(`^examlink-[a-z-]+$`)

// dashboard checks what belongs to no panel.
func (c *checker) dashboard() {
	d := c.d
	if !uidForm.MatchString(d.UID) {
		c.add("dashboard-uid", "uid %q, expected %s", d.UID, uidForm)
	}
	if d.Title == "" || d.Description == "" {
		c.add("dashboard-title", "title and description are both needed")
	}
	if d.Editable {
		c.add("uneditable-dashboard", "editable is true: what is changed in Grafana is lost")
	}
	if d.Timezone != "browser" || d.Refresh == "" {
		c.add("dashboard-time", "timezone %q and refresh %q, expected browser and some interval", d.Timezone, d.Refresh)
	}
	if len(d.Tags) == 0 || !slices.ContainsFunc(d.Links, func(l grafana.Link) bool { return slices.Equal(l.Tags, d.Tags) && l.KeepTime }) {
		c.add("dashboard-links", "no link to the dashboards of the same tag")
	}
}
