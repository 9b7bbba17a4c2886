package lint

import (
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/promql/parser"
)

// query returns an expression with Grafana's duration variables replaced by
// values that nobody writes, so that the rules can recognise them.
type query struct {
	text string
	expr parser.Expr
}

const (
	rateInterval = 59*time.Minute + 53*time.Second
	timeShown    = 61*time.Minute + 1*time.Second
	interval     = 7*time.Minute + 1*time.Second
)

func parse(text string) (query, error) {
	plain := strings.NewReplacer(
		"$__rate_interval", "59m53s", "${__rate_interval}", "59m53s",
		"$__range", "61m1s", "${__range}", "61m1s",
		"$__interval", "7m1s", "${__interval}", "7m1s",
	).Replace(text)
	e, err := parser.NewParser(parser.Options{}).ParseExpr(plain)
	return query{text: text, expr: e}, err
}

// labelsOf returns the labels that the series of a result can have.
func (c *checker) labelsOf(e parser.Expr) []string {
	switch e := e.(type) {
	case *parser.VectorSelector:
		if l, ok := alerts[e.Name]; ok {
			return l
		}
		_, labels, _, _ := c.registry.series(e.Name)
		return labels
	case *parser.MatrixSelector:
		return c.labelsOf(e.VectorSelector)
	case *parser.SubqueryExpr:
		return c.labelsOf(e.Expr)
	case *parser.ParenExpr:
		return c.labelsOf(e.Expr)
	case *parser.UnaryExpr:
		return c.labelsOf(e.Expr)
	case *parser.StepInvariantExpr:
		return c.labelsOf(e.Expr)
	case *parser.AggregateExpr:
		inner := c.labelsOf(e.Expr)
		switch {
		case e.Op == parser.TOPK || e.Op == parser.BOTTOMK:
			return inner
		case e.Without:
			return without(inner, e.Grouping)
		}
		return e.Grouping
	case *parser.Call:
		for _, a := range e.Args {
			if l := c.labelsOf(a); l != nil {
				if e.Func.Name == "histogram_quantile" {
					return without(l, []string{"le"})
				}
				return l
			}
		}
	case *parser.BinaryExpr:
		return c.labelsOfBoth(e)
	}
	return nil
}

// labelsOfBoth returns the labels of the result of a binary operation.
func (c *checker) labelsOfBoth(e *parser.BinaryExpr) []string {
	left, right := c.labelsOf(e.LHS), c.labelsOf(e.RHS)
	if e.LHS.Type() == parser.ValueTypeScalar {
		return right
	}
	if e.RHS.Type() == parser.ValueTypeScalar || e.VectorMatching == nil {
		return left
	}
	m := e.VectorMatching
	switch {
	case m.Card == parser.CardOneToMany:
		return append(slices.Clone(right), m.Include...)
	case m.Card == parser.CardManyToOne:
		return append(slices.Clone(left), m.Include...)
	case e.Op == parser.LOR:
		return append(slices.Clone(left), right...)
	case e.Op.IsSetOperator() || e.Op.IsComparisonOperator() && !e.ReturnBool:
		return left
	case m.On:
		return m.MatchingLabels
	}
	return without(left, m.MatchingLabels)
}

func without(all, drop []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(l string) bool { return slices.Contains(drop, l) })
}

// alerts are the series Prometheus exposes for pending and firing alerts, with
// the labels of our alerts.
var alerts = map[string][]string{
	"ALERTS":           {"alertname", "alertstate", "severity", "audience", "notify", "purpose", "job", "instance", "exam", "session", "receiver", "direction", "reason", "part"},
	"ALERTS_FOR_STATE": {"alertname", "severity", "audience", "notify", "purpose", "job", "instance", "exam", "session", "receiver", "direction", "reason", "part"},
}

// divides reports whether some part of an expression is a quotient or a Boolean,
// whose unit is not that of its metrics.
func divides(e parser.Expr) bool {
	found := false
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		if b, ok := n.(*parser.BinaryExpr); ok && (b.Op == parser.DIV || b.ReturnBool) {
			found = true
		}
		return nil
	})
	return found
}

// timesEight reports whether some part of an expression is multiplied by eight.
func timesEight(e parser.Expr) bool {
	found := false
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		if b, ok := n.(*parser.BinaryExpr); ok && b.Op == parser.MUL {
			for _, side := range []parser.Expr{b.LHS, b.RHS} {
				if v, ok := side.(*parser.NumberLiteral); ok && v.Val == 8 {
					found = true
				}
			}
		}
		return nil
	})
	return found
}
