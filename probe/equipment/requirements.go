// Package equipment judges a student's computer and its devices: from an exam's
// requirements and the facts that a program or a web page has found, it derives a
// finding for each requirement, with what to do.
//
// It is pure: it reads no computer, does no I/O and has no clock. A fact that is
// absent is not known and meets nothing. It never judges conduct: that a computer
// looks like a virtual machine is told with its evidence, and needs two independent
// signs.
package equipment

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Requirements are what an exam asks of a computer and its devices. What has its zero
// value is not required.
type Requirements struct {
	Source string `mapstructure:"source" json:"source,omitempty"` // where it is published; empty: where the policy is
	Date   string `mapstructure:"date" json:"date,omitempty"`     // of the source: YYYY-MM-DD or YYYY

	Webcam            Resolution `mapstructure:"webcam" json:"webcam,omitempty"` // the least resolution
	WebcamRecommended Resolution `mapstructure:"webcam_recommended" json:"webcam_recommended,omitempty"`
	Microphone        bool       `mapstructure:"microphone" json:"microphone,omitempty"`
	Memory            int        `mapstructure:"memory_mebibytes" json:"memory_mebibytes,omitempty"` // the least, as installed
	MemoryRecommended int        `mapstructure:"memory_recommended_mebibytes" json:"memory_recommended_mebibytes,omitempty"`
	Browsers          []string   `mapstructure:"browsers" json:"browsers,omitempty"` // accepted ones, the preferred first
	Systems           []Accepted `mapstructure:"systems" json:"systems,omitempty"`   // accepted ones
	Refused           []Refusal  `mapstructure:"refused" json:"refused,omitempty"`
}

// Accepted is an operating system that an exam accepts, by its name in System.
// Versions are written as in System; an empty one is not required.
type Accepted struct {
	Name        string `mapstructure:"name" json:"name" example:"windows"`
	Minimum     string `mapstructure:"minimum" json:"minimum,omitempty" example:"\"8.1\""`
	Recommended string `mapstructure:"recommended" json:"recommended,omitempty" example:"\"10\""`
}

// Refusal is a kind of computer or system that an exam does not accept.
type Refusal string

// The refusals.
const (
	RefuseChromebook     Refusal = "chromebook"
	RefuseTablet         Refusal = "tablet"
	RefuseLinux          Refusal = "linux"
	RefuseSMode          Refusal = "windows-s"  // Windows 10 S, Windows 10 and 11 in S mode
	RefuseWindowsRT      Refusal = "windows-rt" // as on Surface RT
	RefuseVirtualMachine Refusal = "virtual-machine"
)

// Refusals lists the refusals.
func Refusals() []Refusal {
	return []Refusal{RefuseChromebook, RefuseTablet, RefuseLinux, RefuseSMode, RefuseWindowsRT, RefuseVirtualMachine}
}

// Resolution is the size of a picture in pixels, such as 640x480; empty: none.
type Resolution string

// Size returns width and height.
func (r Resolution) Size() (width, height int, err error) {
	w, h, _ := strings.Cut(string(r), "x")
	width, err = strconv.Atoi(w)
	if err == nil {
		height, err = strconv.Atoi(h)
	}
	if err != nil || width <= 0 || height <= 0 {
		return 0, 0, fmt.Errorf("%q, expected width and height in pixels, such as 640x480", string(r))
	}
	return width, height, nil
}

// IsZero reports whether nothing is required.
func (r Requirements) IsZero() bool {
	return r.Webcam == "" && r.WebcamRecommended == "" && !r.Microphone && r.Memory == 0 && r.MemoryRecommended == 0 &&
		len(r.Browsers) == 0 && len(r.Systems) == 0 && len(r.Refused) == 0
}

// Check validates requirements. The error names the key.
func (r Requirements) Check() error {
	for _, c := range []struct {
		key string
		v   Resolution
	}{{"webcam", r.Webcam}, {"webcam_recommended", r.WebcamRecommended}} {
		if _, _, err := c.v.Size(); c.v != "" && err != nil {
			return fmt.Errorf("%s: %w", c.key, err)
		}
	}
	if r.Webcam != "" && r.WebcamRecommended != "" && !atLeast(r.WebcamRecommended, r.Webcam) {
		return fmt.Errorf("webcam_recommended: %s is less than the minimum of %s", r.WebcamRecommended, r.Webcam)
	}
	switch {
	case r.Memory < 0 || r.MemoryRecommended < 0:
		return fmt.Errorf("memory_mebibytes: below 0, expected 0 (not required) or more")
	case r.MemoryRecommended > 0 && r.MemoryRecommended < r.Memory:
		return fmt.Errorf("memory_recommended_mebibytes: less than the minimum")
	}
	for i, s := range r.Systems {
		least, err1 := parseVersion(s.Name, s.Minimum)
		advised, err2 := parseVersion(s.Name, s.Recommended)
		switch {
		case s.Name == "":
			return fmt.Errorf("systems[%d]: name: empty", i)
		case s.Minimum != "" && err1 != nil:
			return fmt.Errorf("systems[%d]: minimum: %w", i, err1)
		case s.Recommended != "" && err2 != nil:
			return fmt.Errorf("systems[%d]: recommended: %w", i, err2)
		case s.Minimum != "" && s.Recommended != "" && slices.Compare(advised, least) < 0:
			return fmt.Errorf("systems[%d]: recommended: %s is older than the minimum of %s", i, s.Recommended, s.Minimum)
		}
	}
	for i, x := range r.Refused {
		if !slices.Contains(Refusals(), x) {
			return fmt.Errorf("refused[%d]: %q, expected one of %q", i, x, Refusals())
		}
	}
	return nil
}

// atLeast reports whether a resolution has at least the width and height of another.
func atLeast(r, least Resolution) bool {
	w, h, err1 := r.Size()
	lw, lh, err2 := least.Size()
	return err1 == nil && err2 == nil && w >= lw && h >= lh
}
