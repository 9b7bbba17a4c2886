package grafana

// FieldConfig configures how values are shown.
type FieldConfig struct {
	Defaults  Field      `json:"defaults"`
	Overrides []Override `json:"overrides"`
}

// Field configures how one value is shown.
type Field struct {
	Unit       string         `json:"unit"`
	NoValue    string         `json:"noValue,omitempty"`
	Min        *float64       `json:"min,omitempty"`
	Max        *float64       `json:"max,omitempty"`
	Color      *Color         `json:"color,omitempty"`
	Thresholds *Thresholds    `json:"thresholds,omitempty"`
	Mappings   []Mapping      `json:"mappings,omitempty"`
	Links      []DataLink     `json:"links,omitempty"`
	Custom     map[string]any `json:"custom,omitempty"`
}

// Color selects where a value's colour comes from.
type Color struct {
	Mode string `json:"mode"`
}

// Thresholds colour values. The first step, whose value is null, applies to
// missing values: its colour is never a good one.
type Thresholds struct {
	Mode  string `json:"mode"`
	Steps []Step `json:"steps"`
}

// Step applies from Value up to the next step.
type Step struct {
	Color string   `json:"color"`
	Value *float64 `json:"value"`
}

// Mapping replaces a value by a text. Options is a map from values to results for
// "value" and a SpecialMapping for "special".
type Mapping struct {
	Type    string         `json:"type"`
	Options map[string]any `json:"options"`
}

// DataLink links a value to another page.
type DataLink struct {
	Title       string `json:"title"`
	URL         string `json:"url"`
	TargetBlank bool   `json:"targetBlank"`
}

// Override changes how matching fields are shown.
type Override struct {
	Matcher    Matcher    `json:"matcher"`
	Properties []Property `json:"properties"`
}

// Matcher selects fields.
type Matcher struct {
	ID      string `json:"id"`
	Options string `json:"options"`
}

// Property is one changed property.
type Property struct {
	ID    string `json:"id"`
	Value any    `json:"value"`
}

// Colours by meaning. Unknown is no colour at all.
const (
	Unknown = "text"
	Good    = "green"
	Uneasy  = "orange"
	Bad     = "red"
)

// At returns a step that begins at value.
func At(value float64, color string) Step { return Step{Color: color, Value: &value} }

// steps puts the colour of unknown values below all others.
func steps(above []Step) *Thresholds {
	return &Thresholds{Mode: "absolute", Steps: append([]Step{{Color: Unknown}}, above...)}
}

// Texts maps whole values to texts and colours, and missing values to a text of
// their own.
func Texts(unknown string, results ...Result) []Mapping {
	values := map[string]any{}
	for i, r := range results {
		values[r.Value] = map[string]any{"text": r.Text, "color": r.Color, "index": i}
	}
	return []Mapping{
		{Type: "value", Options: values},
		{Type: "special", Options: map[string]any{
			"match": "null+nan", "result": map[string]any{"text": unknown, "color": Unknown, "index": len(results)},
		}},
	}
}

// known leaves out the map of values if it is empty.
func known(mappings []Mapping) []Mapping {
	if mappings[0].Type == "value" && len(mappings[0].Options) == 0 {
		return mappings[1:]
	}
	return mappings
}

// Result is how one value is shown.
type Result struct{ Value, Text, Color string }
