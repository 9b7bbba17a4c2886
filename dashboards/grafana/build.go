package grafana

// Option changes a panel under construction.
type Option func(*Panel)

// newPanel returns what all panels with queries share.
func newPanel(kind, title, description, unit, noValue string, targets []Target) Panel {
	for i := range targets {
		targets[i].RefID = string(rune('A' + i))
	}
	source := Chosen()
	return Panel{
		Type: kind, Title: title, Description: description, Datasource: &source, Targets: targets,
		FieldConfig: &FieldConfig{Defaults: Field{
			Unit: unit, NoValue: noValue, Color: &Color{Mode: "palette-classic"}, Thresholds: steps(nil), Custom: map[string]any{},
		}, Overrides: []Override{}},
		Options: map[string]any{},
	}
}

// NewStat shows one number for each series, at the end of the selected time range.
func NewStat(title, description, unit, noValue string, targets []Target, options ...Option) Panel {
	p := newPanel(Stat, title, description, unit, noValue, targets)
	p.FieldConfig.Defaults.Color = &Color{Mode: "thresholds"}
	p.FieldConfig.Defaults.Mappings = Texts(noValue)[1:]
	p.Options = map[string]any{
		"colorMode": "value", "graphMode": "none", "justifyMode": "auto", "orientation": "auto", "textMode": "auto", "wideLayout": true,
		"reduceOptions": map[string]any{"calcs": []string{"lastNotNull"}, "fields": "", "values": false},
	}
	for _, o := range options {
		o(&p)
	}
	return p
}

// NewTimeSeries shows lines over time, broken where there is no data.
func NewTimeSeries(title, description, unit, noValue string, targets []Target, options ...Option) Panel {
	p := newPanel(TimeSeries, title, description, unit, noValue, targets)
	p.FieldConfig.Defaults.Custom = map[string]any{
		"drawStyle": "line", "lineWidth": 1, "fillOpacity": 0, "showPoints": "auto", "spanNulls": false,
		"thresholdsStyle": map[string]any{"mode": "off"},
	}
	p.Options = map[string]any{
		"legend":  map[string]any{"displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": []string{}},
		"tooltip": map[string]any{"mode": "multi", "sort": "desc"},
	}
	for _, o := range options {
		o(&p)
	}
	return p
}

// NewStateTimeline shows one bar for each series, coloured by state.
func NewStateTimeline(title, description, noValue string, targets []Target, states []Mapping, options ...Option) Panel {
	p := newPanel(StateTimeline, title, description, "short", noValue, targets)
	p.FieldConfig.Defaults.Mappings = states
	p.FieldConfig.Defaults.Color = &Color{Mode: "thresholds"}
	p.FieldConfig.Defaults.Custom = map[string]any{"fillOpacity": 80, "lineWidth": 0, "spanNulls": false}
	p.Options = map[string]any{
		"alignValue": "left", "mergeValues": true, "rowHeight": 0.9, "showValue": "auto",
		"legend":  map[string]any{"displayMode": "list", "placement": "bottom", "showLegend": true},
		"tooltip": map[string]any{"mode": "single", "sort": "none"},
	}
	for _, o := range options {
		o(&p)
	}
	return p
}

// NewHeatmap shows a histogram over time. unit is that of the bucket bounds.
func NewHeatmap(title, description, unit, noValue string, targets []Target, options ...Option) Panel {
	p := newPanel(Heatmap, title, description, unit, noValue, targets)
	p.FieldConfig.Defaults.Custom = map[string]any{"hideFrom": map[string]any{"legend": false, "tooltip": false, "viz": false}}
	p.Options = map[string]any{
		"calculate": false, "cellGap": 1, "showValue": "never",
		"cellValues":   map[string]any{"unit": "short"},
		"color":        map[string]any{"mode": "scheme", "scheme": "Oranges", "steps": 64, "exponent": 0.5, "fill": "dark-orange", "scale": "exponential", "reverse": false},
		"filterValues": map[string]any{"le": 1e-9},
		"legend":       map[string]any{"show": true},
		"rowsFrame":    map[string]any{"layout": "auto"},
		"tooltip":      map[string]any{"mode": "single", "yHistogram": false, "showColorScale": false},
		"yAxis":        map[string]any{"axisPlacement": "left", "reverse": false, "unit": unit},
	}
	for _, o := range options {
		o(&p)
	}
	return p
}

// NewText shows Markdown.
func NewText(title, markdown string) Panel {
	return Panel{Type: Text, Title: title, Options: map[string]any{"mode": "markdown", "content": markdown}}
}
