package grafana

// When a variable's values are queried again.
const refreshOnTimeChange = 2

// Templating holds the dashboard's variables.
type Templating struct {
	List []Variable `json:"list"`
}

// Variable is one variable.
type Variable struct {
	Name       string      `json:"name"`
	Label      string      `json:"label"`
	Type       string      `json:"type"`
	Datasource *Datasource `json:"datasource,omitempty"`
	Definition string      `json:"definition,omitempty"`
	Query      any         `json:"query"`
	Refresh    int         `json:"refresh"`
	Sort       int         `json:"sort"`
	Multi      bool        `json:"multi"`
	IncludeAll bool        `json:"includeAll"`
	AllValue   string      `json:"allValue,omitempty"`
	Hide       int         `json:"hide"`
}

// Query is a variable's query in the form the data source plugin stores.
type Query struct {
	Query string `json:"query"`
	RefID string `json:"refId"`
}

// DatasourceVariable selects a Prometheus server.
func DatasourceVariable() Variable {
	return Variable{Name: "datasource", Label: "Data Source", Type: "datasource", Query: prometheusType, Refresh: 1}
}

// Many is a variable with several selectable values, or all.
func Many(name, label, query string) Variable {
	v := One(name, label, query)
	v.Multi, v.IncludeAll, v.AllValue = true, true, ".+"
	return v
}

// One is a variable with one selectable value.
func One(name, label, query string) Variable {
	return Variable{
		Name: name, Label: label, Type: "query", Datasource: &Datasource{Type: prometheusType, UID: "$datasource"},
		Definition: query, Query: Query{Query: query, RefID: name}, Refresh: refreshOnTimeChange, Sort: 1,
	}
}

// Text returns the variable's query as text, in whichever form it is stored.
func (v Variable) Text() string {
	switch q := v.Query.(type) {
	case string:
		return q
	case Query:
		return q.Query
	case map[string]any: // as decoded
		s, _ := q["query"].(string)
		return s
	}
	return ""
}
