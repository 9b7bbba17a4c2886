package grafana

// Panel types.
const (
	Stat          = "stat"
	TimeSeries    = "timeseries"
	StateTimeline = "state-timeline"
	Heatmap       = "heatmap"
	Table         = "table"
	Text          = "text"
	Row           = "row"
)

// Panel is one panel, or the heading of a row of panels.
type Panel struct {
	ID              int              `json:"id"`
	Type            string           `json:"type"`
	Title           string           `json:"title"`
	Description     string           `json:"description,omitempty"`
	GridPos         GridPos          `json:"gridPos"`
	Datasource      *Datasource      `json:"datasource,omitempty"`
	Interval        string           `json:"interval,omitempty"`
	Targets         []Target         `json:"targets,omitempty"`
	FieldConfig     *FieldConfig     `json:"fieldConfig,omitempty"`
	Options         map[string]any   `json:"options,omitempty"`
	Transformations []Transformation `json:"transformations,omitempty"`
	Collapsed       bool             `json:"collapsed,omitempty"`
	Panels          []Panel          `json:"panels,omitempty"`
}

// GridPos is a panel's position and size: 24 columns, rows of 30 pixels.
type GridPos struct {
	H int `json:"h"`
	W int `json:"w"`
	X int `json:"x"`
	Y int `json:"y"`
}

// Target is one query of a panel.
type Target struct {
	RefID        string     `json:"refId"`
	Datasource   Datasource `json:"datasource"`
	Expr         string     `json:"expr"`
	LegendFormat string     `json:"legendFormat"`
	Format       string     `json:"format"`
	Instant      bool       `json:"instant"`
	Range        bool       `json:"range"`
}

// Transformation transforms a table before it is shown.
type Transformation struct {
	ID      string         `json:"id"`
	Options map[string]any `json:"options"`
}

// Over is a query over the selected time range, one line for each series.
func Over(legend, expr string) Target {
	return Target{Datasource: Chosen(), Expr: expr, LegendFormat: legend, Format: "time_series", Range: true}
}

// Now is a query at the end of the selected time range.
func Now(legend, expr string) Target {
	return Target{Datasource: Chosen(), Expr: expr, LegendFormat: legend, Format: "time_series", Instant: true}
}

// Rows is a query at the end of the selected time range, one table row for each series.
func Rows(expr string) Target {
	return Target{Datasource: Chosen(), Expr: expr, Format: "table", Instant: true}
}

// Buckets is a query of a histogram's buckets over the selected time range.
func Buckets(expr string) Target {
	return Target{Datasource: Chosen(), Expr: expr, LegendFormat: "{{le}}", Format: "heatmap", Range: true}
}
