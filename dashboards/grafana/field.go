package grafana

// FieldConfig is how values are shown.
type FieldConfig struct {
	Defaults  Field      `json:"defaults"`
	Overrides []Override `json:"overrides"`
}

// Field is how one value is shown.
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

// Color says where a value's colour comes from.
type Color struct {
	Mode string `json:"mode"`
}

// Thresholds give values a colour. The first step, whose value is null, is what
// a value that is not there gets: it is never a good one.
type Thresholds struct {
	Mode  string `json:"mode"`
	Steps []Step `json:"steps"`
}

// Step begins at Value and reaches to the next.
type Step struct {
	Color string   `json:"color"`
	Value *float64 `json:"value"`
}

// Mapping shows a text in place of a value. Options is a map from values to
// results for "value" and a SpecialMapping for "special".
type Mapping struct {
	Type    string         `json:"type"`
	Options map[string]any `json:"options"`
}

// DataLink leads from a value to another page.
type DataLink struct {
	Title       string `json:"title"`
	URL         string `json:"url"`
	TargetBlank bool   `json:"targetBlank"`
}

// Override changes how the fields that match are shown.
type Override struct {
	Matcher    Matcher    `json:"matcher"`
	Properties []Property `json:"properties"`
}

// Matcher picks fields.
type Matcher struct {
	ID      string `json:"id"`
	Options string `json:"options"`
}

// Property is one change.
type Property struct {
	ID    string `json:"id"`
	Value any    `json:"value"`
}

// Colours by what they say. Unknown is no colour at all.
const (
	Unknown = "text"
	Good    = "green"
	Uneasy  = "orange"
	Bad     = "red"
)

// At begins a step at value.
func At(value float64, color string) Step { return Step{Color: color, Value: &value} }

// steps put the colour of what is not known under all others.
func steps(above []Step) *Thresholds {
	return &Thresholds{Mode: "absolute", Steps: append([]Step{{Color: Unknown}}, above...)}
}

// Texts maps whole values to words and colours, and what is not there to a word
// of its own.
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

// Result is what one value is shown as.
type Result struct{ Value, Text, Color string }
