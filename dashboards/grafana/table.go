package grafana

// Column is one column of a table: a label (Label is set), or the value of a
// query. Mappings without results are those of missing values only.
type Column struct {
	Label    string
	Title    string
	Unit     string
	Expr     string
	Mappings []Mapping
	Steps    []Step
	Links    []DataLink
	Empty    string // shown for a label that a row does not have; "": the table's noValue
}

// NewTable shows one row for each set of labels and one column for each query,
// at the end of the selected time range. A missing value shows noValue. Rows are
// sorted by the columns in sortBy, greatest first.
func NewTable(title, description, noValue string, sortBy []string, columns []Column, options ...Option) Panel {
	var targets []Target
	var overrides []Override
	exclude := map[string]any{"Time": true}
	index, rename := map[string]any{}, map[string]any{}
	for i, c := range columns {
		field := c.Label
		if c.Expr != "" {
			targets = append(targets, Rows(c.Expr))
			field = "Value #" + string(rune('A'+len(targets)-1))
		}
		index[field] = i
		rename[field] = c.Title
		overrides = append(overrides, c.override())
	}
	if len(targets) == 1 { // Grafana numbers values only if there are several
		rename["Value"], index["Value"] = rename["Value #A"], index["Value #A"]
	}
	p := newPanel(Table, title, description, "short", noValue, targets)
	p.FieldConfig.Overrides = overrides
	p.FieldConfig.Defaults.Color = &Color{Mode: "thresholds"}
	p.FieldConfig.Defaults.Mappings = Texts(noValue)[1:]
	p.FieldConfig.Defaults.Custom = map[string]any{"align": "auto", "filterable": true, "cellOptions": map[string]any{"type": "color-text"}}
	var sorted []any
	for _, title := range sortBy {
		sorted = append(sorted, map[string]any{"displayName": title, "desc": true})
	}
	p.Options = map[string]any{"cellHeight": "sm", "showHeader": true, "sortBy": sorted}
	p.Transformations = []Transformation{
		{ID: "merge", Options: map[string]any{}},
		{ID: "organize", Options: map[string]any{"excludeByName": exclude, "indexByName": index, "renameByName": rename}},
	}
	for _, o := range options {
		o(&p)
	}
	return p
}

// override returns how the column is shown; it matches by title, because the
// columns have been renamed by then.
func (c Column) override() Override {
	o := Override{Matcher: Matcher{ID: "byName", Options: c.Title}, Properties: []Property{{ID: "unit", Value: c.Unit}}}
	if c.Empty != "" {
		c.Mappings = append(Texts(c.Empty), Mapping{Type: "special", Options: map[string]any{
			"match": "empty", "result": map[string]any{"text": c.Empty, "color": Unknown, "index": 1},
		}})[1:]
	}
	if c.Mappings != nil {
		o.Properties = append(o.Properties, Property{ID: "mappings", Value: known(c.Mappings)})
	}
	if c.Steps != nil {
		o.Properties = append(o.Properties, Property{ID: "thresholds", Value: steps(c.Steps)})
	}
	if c.Links != nil {
		o.Properties = append(o.Properties, Property{ID: "links", Value: c.Links})
	}
	return o
}
