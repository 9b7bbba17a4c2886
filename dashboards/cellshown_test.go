package dashboards_test

import (
	"strconv"
	"time"

	"examlink/dashboards/grafana"
)

// cell is one value as a panel shows it.
type cell struct {
	sample
	text, color string // of a mapping or threshold; text is empty for a number
}

// field returns what a panel's fields are shown by: the overrides of a table's column
// replace the defaults.
func field(p *grafana.Panel, ref string) (mappings []grafana.Mapping, steps []grafana.Step) {
	if p.FieldConfig.Defaults.Thresholds != nil {
		steps = p.FieldConfig.Defaults.Thresholds.Steps
	}
	mappings = p.FieldConfig.Defaults.Mappings
	if p.Type != grafana.Table {
		return mappings, steps
	}
	title := ""
	for _, t := range p.Transformations {
		if names, ok := t.Options["renameByName"].(map[string]any); ok {
			title, _ = names["Value #"+ref].(string)
		}
	}
	for _, o := range p.FieldConfig.Overrides {
		if o.Matcher.Options != title {
			continue
		}
		for _, prop := range o.Properties {
			switch prop.ID {
			case "mappings":
				mappings = decodeAs[[]grafana.Mapping](prop.Value)
			case "thresholds":
				steps = decodeAs[grafana.Thresholds](prop.Value).Steps
			}
		}
	}
	return mappings, steps
}

// shownAs returns how a value is shown: by the mapping of its value, else by the last
// threshold that it reaches.
func shownAs(p *grafana.Panel, ref string, s sample) cell {
	out := cell{sample: s}
	mappings, steps := field(p, ref)
	for _, m := range mappings {
		if r, ok := m.Options[strconv.FormatFloat(s.value, 'f', -1, 64)].(map[string]any); m.Type == "value" && ok {
			out.text, _ = r["text"].(string)
			out.color, _ = r["color"].(string)
			return out
		}
	}
	for _, step := range steps {
		if step.Value == nil || s.value >= *step.Value {
			out.color = step.Color
		}
	}
	return out
}

// view is a dashboard at a time.
type view struct {
	name  string
	base  string
	until time.Time
	span  time.Duration
	cells map[string][]cell // by panel and query, without unknown values
}
