package grafana

// When a variable's values are looked up anew.
const refreshOnTimeChange = 2

// Templating are the choices at the top of the page.
type Templating struct {
	List []Variable `json:"list"`
}

// Variable is one of them.
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

// Query is a variable's query as the data source's plugin keeps it.
type Query struct {
	Query string `json:"query"`
	RefID string `json:"refId"`
}

// DatasourceVariable lets the reader choose among Prometheus servers.
func DatasourceVariable() Variable {
	return Variable{Name: "datasource", Label: "Data Source", Type: "datasource", Query: prometheusType, Refresh: 1}
}

// Many is a variable of which the reader may choose several values, or all.
func Many(name, label, query string) Variable {
	v := One(name, label, query)
	v.Multi, v.IncludeAll, v.AllValue = true, true, ".+"
	return v
}

// One is a variable of which the reader chooses one value.
func One(name, label, query string) Variable {
	return Variable{
		Name: name, Label: label, Type: "query", Datasource: &Datasource{Type: prometheusType, UID: "$datasource"},
		Definition: query, Query: Query{Query: query, RefID: name}, Refresh: refreshOnTimeChange, Sort: 1,
	}
}

// Text is the variable's query as text, whichever way it is kept.
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
