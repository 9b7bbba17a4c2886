// Package grafana models the part of Grafana's dashboard JSON that we generate:
// the classic schema, which every Grafana since version 10 reads. It knows how a
// dashboard is laid out, but not what it shows.
package grafana

import (
	"bytes"
	"encoding/json"
)

// Fixed by Grafana.
const (
	// Columns is the width of a dashboard.
	Columns = 24
	// schemaVersion is Grafana 11's; later versions migrate on loading.
	schemaVersion = 39
	// prometheusType is the data source plugin.
	prometheusType = "prometheus"
)

// Dashboard is one dashboard.
type Dashboard struct {
	UID           string      `json:"uid"`
	Title         string      `json:"title"`
	Description   string      `json:"description"`
	Tags          []string    `json:"tags"`
	Editable      bool        `json:"editable"`
	GraphTooltip  int         `json:"graphTooltip"`
	Refresh       string      `json:"refresh"`
	SchemaVersion int         `json:"schemaVersion"`
	Version       int         `json:"version"`
	Timezone      string      `json:"timezone"`
	Time          TimeRange   `json:"time"`
	Links         []Link      `json:"links"`
	Annotations   Annotations `json:"annotations"`
	Templating    Templating  `json:"templating"`
	Panels        []Panel     `json:"panels"`
}

// TimeRange is the time range shown when the dashboard opens.
type TimeRange struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Link links to other dashboards: here always to those with the same tag.
type Link struct {
	Title       string   `json:"title"`
	Type        string   `json:"type"`
	Tags        []string `json:"tags"`
	AsDropdown  bool     `json:"asDropdown"`
	IncludeVars bool     `json:"includeVars"`
	KeepTime    bool     `json:"keepTime"`
	Icon        string   `json:"icon"`
}

// Annotations mark times on the time axis of every panel.
type Annotations struct {
	List []Annotation `json:"list"`
}

// Annotation marks the times at which its query has a value above zero.
type Annotation struct {
	Name            string     `json:"name"`
	Datasource      Datasource `json:"datasource"`
	Enable          bool       `json:"enable"`
	Hide            bool       `json:"hide"`
	IconColor       string     `json:"iconColor"`
	Expr            string     `json:"expr"`
	Step            string     `json:"step"`
	TitleFormat     string     `json:"titleFormat"`
	TextFormat      string     `json:"textFormat"`
	TagKeys         string     `json:"tagKeys"`
	UseValueForTime bool       `json:"useValueForTime"`
}

// Datasource identifies the data source of a query.
type Datasource struct {
	Type string `json:"type,omitempty"`
	UID  string `json:"uid"`
}

// Chosen is the data source selected in the dashboard's variable.
func Chosen() Datasource { return Datasource{Type: prometheusType, UID: "$datasource"} }

// New returns an empty dashboard that is not editable in Grafana: the code is the
// source of truth.
func New(uid, title, description, tag string) *Dashboard {
	return &Dashboard{
		UID: uid, Title: title, Description: description, Tags: []string{tag},
		GraphTooltip: 1, Refresh: "30s", SchemaVersion: schemaVersion, Version: 1, Timezone: "browser",
		Time: TimeRange{From: "now-1h", To: "now"},
		Links: []Link{{
			Title: "Other dashboards", Type: "dashboards", Tags: []string{tag},
			AsDropdown: true, IncludeVars: true, KeepTime: true, Icon: "external link",
		}},
	}
}

// Encode encodes a dashboard deterministically, with a trailing newline.
func Encode(d *Dashboard) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(d); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Decode decodes the output of Encode. An unknown key is an error, because no
// lint rule would check it.
func Decode(data []byte) (*Dashboard, error) {
	d := &Dashboard{}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(d); err != nil {
		return nil, err
	}
	return d, nil
}
