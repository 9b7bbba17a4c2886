package lint

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Metric is a metric that a program registers.
type Metric struct {
	Name   string
	Type   string // counter, gauge, histogram
	Labels []string
	// Values lists a label's possible values, for labels with a closed set of them.
	Values map[string][]string
}

// Registry holds every metric, by name.
type Registry map[string]Metric

// Target labels, which Prometheus adds to every series it scrapes.
var targetLabels = []string{"job", "instance"}

var (
	quoted  = regexp.MustCompile("`([^`]+)`")
	ofOne   = regexp.MustCompile("^`([a-z_]+)` of `([a-z_]+)`$")
	theOnly = regexp.MustCompile("^`([a-z_]+)`$")
)

// ParseDocument reads metrics and their label values from the tables of a
// document such as docs/METRICS.md: tables with columns "metric", "type" and
// "labels", and tables with columns "label" and "values".
func ParseDocument(markdown string) (Registry, error) {
	out := Registry{}
	general := map[string][]string{}               // label -> values
	particular := map[string]map[string][]string{} // metric -> label -> values
	var columns []string
	for n, line := range strings.Split(markdown, "\n") {
		cells := cells(line)
		if cells == nil {
			columns = nil
			continue
		}
		if columns == nil {
			columns = cells
			continue
		}
		if strings.Trim(cells[0], "-: ") == "" {
			continue
		}
		row := map[string]string{}
		for i, c := range columns {
			if i < len(cells) {
				row[c] = cells[i]
			}
		}
		switch {
		case row["metric"] != "" && row["type"] != "":
			m := Metric{Name: strings.Trim(row["metric"], "`"), Type: row["type"], Labels: words(row["labels"])}
			if _, twice := out[m.Name]; twice {
				return nil, fmt.Errorf("line %d: %s is there twice", n+1, m.Name)
			}
			out[m.Name] = m
		case row["label"] != "" && row["values"] != "":
			if m := ofOne.FindStringSubmatch(row["label"]); m != nil {
				if particular[m[2]] == nil {
					particular[m[2]] = map[string][]string{}
				}
				particular[m[2]][m[1]] = words(row["values"])
			} else if m := theOnly.FindStringSubmatch(row["label"]); m != nil {
				general[m[1]] = words(row["values"])
			}
		}
	}
	for name, m := range out {
		m.Values = map[string][]string{}
		for _, l := range m.Labels {
			if v, ok := particular[name][l]; ok {
				m.Values[l] = v
			} else if v, ok := general[l]; ok {
				m.Values[l] = v
			}
		}
		out[name] = m
	}
	return out, nil
}

// cells returns the cells of a table row, or nil if the line is not one.
func cells(line string) []string {
	line = strings.TrimSpace(line)
	if !strings.HasPrefix(line, "|") {
		return nil
	}
	out := strings.Split(strings.Trim(line, "|"), "|")
	for i := range out {
		out[i] = strings.TrimSpace(out[i])
	}
	return out
}

// words returns the backquoted words of a cell.
func words(cell string) []string {
	var out []string
	for _, m := range quoted.FindAllStringSubmatch(cell, -1) {
		out = append(out, m[1])
	}
	return out
}

// Add adds the metrics of others. A metric already present must be identical.
func (r Registry) Add(others Registry) error {
	for _, name := range slices.Sorted(maps.Keys(others)) {
		m := others[name]
		if have, ok := r[name]; ok {
			if have.Type != m.Type || !slices.Equal(slices.Sorted(slices.Values(have.Labels)), slices.Sorted(slices.Values(m.Labels))) {
				return fmt.Errorf("%s is a %s with labels %q here and a %s with labels %q there", name, have.Type, have.Labels, m.Type, m.Labels)
			}
			continue
		}
		r[name] = m
	}
	return nil
}

// series returns the metric behind a series name, the labels the series can have,
// and whether it is a counter.
func (r Registry) series(name string) (m Metric, labels []string, counter, ok bool) {
	if m, ok := r[name]; ok && m.Type != "histogram" {
		return m, append(slices.Clone(m.Labels), targetLabels...), m.Type == "counter", true
	}
	for _, part := range []string{"_bucket", "_sum", "_count"} {
		base, is := strings.CutSuffix(name, part)
		if m, ok := r[base]; is && ok && (m.Type == "histogram" || m.Type == "summary") {
			labels := append(slices.Clone(m.Labels), targetLabels...)
			if part == "_bucket" {
				labels = append(labels, "le")
			}
			return m, labels, true, true
		}
	}
	return Metric{}, nil, false, false
}
