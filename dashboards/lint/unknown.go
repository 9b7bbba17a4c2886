package lint

import (
	"encoding/json"
	"slices"

	"examlink/dashboards/grafana"
)

// favourable lists the colours that mean all is well.
var favourable = []string{"green", "dark-green", "light-green", "semi-dark-green", "super-light-green", "blue"}

// unknown checks how a panel shows missing values: with a text of their own, in no
// favourable colour, and with no line drawn across them.
func (c *checker) unknown(p *grafana.Panel) {
	f := p.FieldConfig.Defaults
	if f.NoValue == "" || (f.NoValue[0] >= '0' && f.NoValue[0] <= '9') || f.NoValue[0] == '-' {
		c.add("no-data", "noValue is %q, expected words", f.NoValue)
	}
	c.steps(f.Thresholds)
	word := spoken(f.Mappings)
	if p.Type != grafana.TimeSeries && p.Type != grafana.Heatmap && !word {
		c.add("no-data", "no mapping of null and NaN to words")
	}
	if p.Type == grafana.TimeSeries || p.Type == grafana.StateTimeline {
		if spans, set := f.Custom["spanNulls"].(bool); !set || spans {
			c.add("no-data", "spanNulls is not false: what is not known looks like what was before")
		}
	}
	for _, o := range p.FieldConfig.Overrides {
		for _, prop := range o.Properties {
			switch prop.ID {
			case "thresholds":
				c.steps(as[grafana.Thresholds](prop.Value))
			case "mappings":
				if m := as[[]grafana.Mapping](prop.Value); m == nil || !spoken(*m) {
					c.add("no-data", "column %s: no mapping of null and NaN to words", o.Matcher.Options)
				}
			case "noValue":
				c.add("no-data", "column %s has a noValue of its own", o.Matcher.Options)
			}
		}
	}
}

// steps checks that the colour of unknown values, the lowest step's, does not mean
// that all is well.
func (c *checker) steps(t *grafana.Thresholds) {
	if t == nil || len(t.Steps) == 0 || t.Steps[0].Value != nil {
		c.add("no-data", "no lowest threshold: Grafana's own is green")
		return
	}
	if slices.Contains(favourable, t.Steps[0].Color) {
		c.add("no-data", "the lowest threshold is %s, and so is what is not known", t.Steps[0].Color)
	}
}

// spoken reports whether null and NaN have a text, in no favourable colour.
func spoken(mappings []grafana.Mapping) bool {
	for _, m := range mappings {
		if m.Type != "special" || m.Options["match"] != "null+nan" {
			continue
		}
		r, _ := m.Options["result"].(map[string]any)
		text, _ := r["text"].(string)
		color, _ := r["color"].(string)
		return text != "" && !slices.Contains(favourable, color)
	}
	return false
}

// as returns a decoded value as T, or nil if it is not one.
func as[T any](v any) *T {
	data, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	out := new(T)
	if json.Unmarshal(data, out) != nil {
		return nil
	}
	return out
}
