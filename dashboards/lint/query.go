package lint

import (
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// nameLabel is the label that holds a metric's name.
const nameLabel = "__name__"

// growth lists the functions that compute a counter's growth.
var growth = []string{"rate", "irate", "increase"}

// overTime lists the functions that compute a gauge's change; like rates, they
// need the window that Grafana chooses.
var overTime = []string{"delta", "idelta", "deriv"}

// selectors checks each selector of an expression: its metric and labels exist,
// and it uses the dashboard's variables.
func (c *checker) selectors(q query, rule string) {
	parser.Inspect(q.expr, func(n parser.Node, _ []parser.Node) error {
		switch n := n.(type) {
		case *parser.VectorSelector:
			c.selector(n, rule)
		case *parser.AggregateExpr:
			c.known(n.Grouping, c.labelsOf(n.Expr), n)
		case *parser.BinaryExpr:
			if m := n.VectorMatching; m != nil {
				both := append(c.labelsOf(n.LHS), c.labelsOf(n.RHS)...)
				c.known(m.MatchingLabels, both, n)
				c.known(m.Include, both, n)
			}
		}
		return nil
	})
}

// known reports labels that an operation names but its operands do not have.
func (c *checker) known(names, have []string, n parser.Node) {
	for _, l := range names {
		if !slices.Contains(have, l) {
			c.add("target-label", "%s: nothing there has a label %s", n, l)
		}
	}
}

func (c *checker) selector(s *parser.VectorSelector, rule string) {
	if have, ok := alerts[s.Name]; ok {
		c.matchers(s, have, nil)
		return
	}
	m, have, _, ok := c.registry.series(s.Name)
	if !ok {
		c.add(rule, "no program has a metric %q", s.Name)
		return
	}
	c.matchers(s, have, m.Values)
	for _, name := range []string{"job", "instance"} {
		if !slices.ContainsFunc(s.LabelMatchers, func(l *labels.Matcher) bool {
			return l.Name == name && l.Type == labels.MatchRegexp && l.Value == "$"+name
		}) && c.p != nil {
			c.add("target-"+name, `%s is not chosen by %s=~"$%s"`, s.Name, name, name)
		}
	}
	for _, name := range []string{"exam", "session"} {
		if c.p == nil || !has(c.d, name) || !slices.Contains(have, name) {
			continue
		}
		if !slices.ContainsFunc(s.LabelMatchers, func(l *labels.Matcher) bool { return l.Name == name && l.Value == "$"+name }) {
			c.add("target-"+name, `%s is not chosen by %s="$%s"`, s.Name, name, name)
		}
	}
}

var alternatives = regexp.MustCompile(`^[a-z-]+(\|[a-z-]+)*$`)

// matchers checks that the labels of a selector exist, and so do their values if
// these are a closed set.
func (c *checker) matchers(s *parser.VectorSelector, have []string, values map[string][]string) {
	for _, l := range s.LabelMatchers {
		if l.Name == nameLabel {
			continue
		}
		if !slices.Contains(have, l.Name) {
			c.add("target-label", "%s has no label %s", s.Name, l.Name)
			continue
		}
		closed := values[l.Name]
		if closed == nil || !alternatives.MatchString(l.Value) {
			continue
		}
		for _, v := range strings.Split(l.Value, "|") {
			if !slices.Contains(closed, v) {
				c.add("target-label-value", "%s has no %s=%q, expected one of %q", s.Name, l.Name, v, closed)
			}
		}
	}
}

// windows checks counters and windows: a counter is shown as growth, over a window
// that fits the selected time range.
func (c *checker) windows(q query) {
	parser.Inspect(q.expr, func(n parser.Node, path []parser.Node) error {
		switch n := n.(type) {
		case *parser.VectorSelector:
			_, _, counter, ok := c.registry.series(n.Name)
			if !ok {
				return nil
			}
			grows := slices.ContainsFunc(path, func(p parser.Node) bool {
				call, is := p.(*parser.Call)
				return is && slices.Contains(growth, call.Func.Name)
			})
			if counter && !grows {
				c.add("target-counter-agg", "%s only grows: use its rate or increase", n.Name)
			}
			if !counter && grows {
				c.add("target-counter-agg", "%s is a gauge: it has no rate", n.Name)
			}
		case *parser.Call:
			if slices.Contains([]string{"vector", "absent", "absent_over_time"}, n.Func.Name) {
				c.add("no-data", "%s() makes a value of what is not known", n.Func.Name)
			}
			if !slices.Contains(growth, n.Func.Name) && !slices.Contains(overTime, n.Func.Name) {
				return nil
			}
			window, ok := n.Args[0].(*parser.MatrixSelector)
			if !ok || window.Range != rateInterval && (n.Func.Name != "increase" || window.Range != timeShown) {
				c.add("target-rate-interval", "%s: the window is not $__rate_interval", n)
			}
		}
		return nil
	})
}

var inLegend = regexp.MustCompile(`\{\{\s*([a-zA-Z_]\w*)\s*\}\}`)

// legend reports labels that a text names but the result does not have.
func (c *checker) legend(where, text string, have []string) {
	for _, m := range inLegend.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(have, m[1]) {
			c.add("target-legend", "%s: %q names a label %s, which the result does not have", where, text, m[1])
		}
	}
}
