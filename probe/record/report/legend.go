package report

import "strings"

// entry explains one form of the chart: shapes in a box of 26 by 14, and words.
type entry struct {
	Shapes []shape
	Label  string
	of     []string // classes that it explains
}

// entries lists every form, in the order of the legend.
func entries() []entry {
	bar := "M3 2h20v10h-20z"
	all := []entry{
		{Shapes: []shape{{Class: "point", Path: "M10 7a3 3 0 1 0 6 0a3 3 0 1 0 -6 0z"}}, Label: "measured rate", of: []string{"point down", "point up"}},
		{Shapes: []shape{{Class: "point below", Path: "M13 11l-4.5 -7h9z"}}, Label: "below the minimum", of: []string{"point below"}},
		{Shapes: []shape{{Class: "tick", Path: "M13 12v-9m-3 3.5l3 -3.5l3 3.5"}}, Label: "at least this rate", of: []string{"tick down", "tick up"}},
		{Shapes: []shape{{Class: "tick unclear", Path: "M10 4l6 6m0 -6l-6 6"}}, Label: "test without a result", of: []string{"tick unclear"}},
		{Shapes: []shape{{Class: "minimum", Path: "M0 7h26"}}, Label: "minimum", of: []string{"minimum"}},
		{Shapes: []shape{{Class: "recommended", Path: "M0 7h26"}}, Label: "recommended", of: []string{"recommended"}},
		{Shapes: []shape{{Class: "median", Path: "M2 10h22"}, {Class: "p99", Path: "M13 10V2"}}, Label: "median, and up to the 99th percentile", of: []string{"median"}},
		{Shapes: []shape{{Class: "bar up", Path: bar}}, Label: "lost up", of: []string{"bar up"}},
		{Shapes: []shape{{Class: "bar down", Path: bar}}, Label: "lost down", of: []string{"bar down"}},
		{Shapes: []shape{{Class: "bar unknown", Path: bar}}, Label: "lost, direction unknown", of: []string{"bar unknown"}},
	}
	for _, g := range []struct{ class, label string }{
		{"network", "network"}, {"server-gone", "no server"}, {"suspended", "computer asleep"}, {"host-busy", "computer busy"},
		{"client-stopped", "examlink off"},
	} {
		class := "gap " + g.class
		all = append(all, entry{Shapes: []shape{{Class: class, Path: bar}}, Label: g.label, of: []string{class}})
	}
	return append(all,
		entry{Shapes: []shape{{Class: "gap clock-step", Path: "M13 1.5l5 5.5l-5 5.5l-5 -5.5z"}}, Label: "clock set", of: []string{"gap clock-step"}},
		entry{Shapes: []shape{{Class: "warning", Path: bar}}, Label: "warning", of: []string{"warning"}})
}

// Legend explains the forms that are in the chart, and no others.
func (c chart) Legend() (out []entry) {
	there := map[string]bool{}
	for _, l := range c.Lanes {
		for _, s := range l.Shapes {
			there[s.Class] = s.Path != "" || there[s.Class]
		}
		for _, b := range l.Bounds {
			there[b.Class] = true
		}
	}
	for _, b := range c.State.Bars {
		there[b.Class] = true
	}
	labels := map[string]bool{}
	for _, e := range entries() {
		for _, class := range e.of {
			if !there[class] || labels[e.Label] {
				continue
			}
			labels[e.Label] = true
			if class != e.Shapes[0].Class && strings.HasPrefix(class, e.Shapes[0].Class) { // in the colour of a direction
				e.Shapes[0].Class = class
			}
			out = append(out, e)
		}
	}
	return out
}
