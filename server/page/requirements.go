package page

import (
	"encoding/json"
	"slices"
	"strings"

	"examlink/probe/equipment"
)

// needs is what the page judges equipment by: a policy's requirements with the names that
// browsers use.
type needs struct {
	Source   string            `json:"source"`
	Date     string            `json:"date"`
	Camera   sizes             `json:"camera"`
	Memory   memory            `json:"memory"`
	Browsers []string          `json:"browsers"`
	Systems  map[string]bounds `json:"systems"`
	Refused  []string          `json:"refused"`
}

// sizes are widths and heights in pixels.
type sizes struct {
	Minimum     [2]int `json:"minimum"`
	Recommended [2]int `json:"recommended"`
}

type memory struct {
	Minimum int `json:"minimum_mb"`
}

type bounds struct {
	Minimum     string `json:"minimum"`
	Recommended string `json:"recommended"`
}

// named is what browsers call systems and browsers.
var named = map[string]string{
	equipment.Windows: "Windows", equipment.MacOS: "macOS", "chrome": "Chrome", "firefox": "Firefox", "safari": "Safari", "edge": "Edge",
}

// vista is the version that Windows Vista gives.
const vista = "6"

// needsOf returns what the page asks by requirements, as JSON.
func needsOf(r equipment.Requirements) ([]byte, error) {
	n := needs{
		Source: r.Source, Date: r.Date, Memory: memory{r.Memory}, Camera: sizes{size(r.Webcam), size(r.WebcamRecommended)},
		Browsers: []string{}, Systems: map[string]bounds{}, Refused: []string{},
	}
	for _, b := range r.Browsers {
		n.Browsers = append(n.Browsers, named[b])
	}
	for _, s := range r.Systems {
		n.Systems[named[s.Name]] = bounds{strings.Replace(s.Minimum, "vista", vista, 1), s.Recommended}
	}
	for _, x := range r.Refused {
		n.Refused = append(n.Refused, string(x))
	}
	if slices.Contains(r.Refused, equipment.RefuseTablet) { // what holds for a tablet holds for a phone
		n.Refused = append(n.Refused, "phone")
	}
	return json.Marshal(n)
}

// size returns width and height; zeros: none is required.
func size(r equipment.Resolution) [2]int {
	w, h, err := r.Size()
	if err != nil {
		return [2]int{}
	}
	return [2]int{w, h}
}
