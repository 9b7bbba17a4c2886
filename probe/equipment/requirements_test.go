package equipment

import (
	"strings"
	"testing"
)

func TestRequirementsCheck(t *testing.T) {
	for _, r := range []Requirements{{}, ProctorU2019(), ProctorU2020(), ProctorU2025(), {Systems: []Accepted{{Name: "freebsd"}}}} {
		if err := r.Check(); err != nil {
			t.Errorf("%+v: %v", r, err)
		}
		if r.IsZero() != (len(Findings(Facts{}, r)) == 0) {
			t.Errorf("%+v: zero, but judged, or the other way round", r)
		}
	}
	for want, r := range map[string]Requirements{
		`webcam: "640"`:                          {Webcam: "640"},
		`webcam: "0x480"`:                        {Webcam: "0x480"},
		"webcam_recommended:":                    {Webcam: "640x480", WebcamRecommended: "1280x400"},
		"memory_mebibytes: below 0":              {Memory: -1},
		"memory_recommended_mebibytes:":          {Memory: 2, MemoryRecommended: 1},
		"systems[0]: name":                       {Systems: []Accepted{{Minimum: "1"}}},
		`systems[0]: minimum: "vista"`:           {Systems: []Accepted{{Name: MacOS, Minimum: "vista"}}},
		"systems[1]: recommended: 10.4 is older": {Systems: []Accepted{{Name: "x"}, {MacOS, "10.5", "10.4"}}},
		`refused[0]: "linus", expected one of ["chromebook" "tablet"`: {Refused: []Refusal{"linus"}},
	} {
		if err := r.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, expected %s", err, want)
		}
	}
}

func TestWindowsVersion(t *testing.T) {
	for want, v := range map[string][3]int{"vista": {6, 0, 6002}, "7": {6, 1, 7601}, "8.1": {6, 3, 9600}, "10": {10, 0, 19045}, "11": {10, 0, 22000}, "": {5, 0, 2195}} {
		if got := WindowsVersion(v[0], v[1], v[2]); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
}
