package grafana

// Colored colours values by step; unknown values have no colour.
func Colored(above ...Step) Option {
	return func(p *Panel) {
		p.FieldConfig.Defaults.Thresholds = steps(above)
		if p.Type == TimeSeries {
			p.FieldConfig.Defaults.Custom["thresholdsStyle"] = map[string]any{"mode": "dashed"}
		}
	}
}

// Worded shows texts in place of values.
func Worded(m []Mapping) Option {
	return func(p *Panel) { p.FieldConfig.Defaults.Mappings = m }
}

// Linked links a value to another dashboard.
func Linked(links ...DataLink) Option {
	return func(p *Panel) { p.FieldConfig.Defaults.Links = append(p.FieldConfig.Defaults.Links, links...) }
}

// Within limits the axis.
func Within(least, most float64) Option {
	return func(p *Panel) { p.FieldConfig.Defaults.Min, p.FieldConfig.Defaults.Max = &least, &most }
}

// FromZero starts the axis at zero.
func FromZero() Option {
	return func(p *Panel) {
		zero := 0.0
		p.FieldConfig.Defaults.Min = &zero
	}
}

// Stacked stacks the series.
func Stacked() Option {
	return func(p *Panel) {
		p.FieldConfig.Defaults.Custom["stacking"] = map[string]any{"mode": "normal", "group": "A"}
		p.FieldConfig.Defaults.Custom["fillOpacity"] = 40
	}
}

// Painted colours the series of one name.
func Painted(name, color string) Option {
	return styled(name, color)
}

// Bound draws the series of one name as a bound: a dashed line in one colour.
func Bound(name, color string) Option {
	return styled(name, color,
		Property{ID: "custom.lineStyle", Value: map[string]any{"fill": "dash", "dash": []int{8, 6}}},
		Property{ID: "custom.fillOpacity", Value: 0},
	)
}

func styled(name, color string, more ...Property) Option {
	return func(p *Panel) {
		p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, Override{
			Matcher:    Matcher{ID: "byName", Options: name},
			Properties: append([]Property{{ID: "color", Value: map[string]any{"mode": "fixed", "fixedColor": color}}}, more...),
		})
	}
}
