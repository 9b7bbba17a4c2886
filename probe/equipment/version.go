package equipment

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// windowsNames are versions of Windows whose names do not sort as numbers, with the
// numbers that Windows itself gives them.
var windowsNames = map[string][]int{"xp": {5, 1}, "vista": {6, 0}, "7": {6, 1}, "8": {6, 2}, "8.1": {6, 3}}

// parseVersion reads a version of a system into numbers that slices.Compare orders.
func parseVersion(system, s string) ([]int, error) {
	if v, ok := windowsNames[strings.ToLower(s)]; ok && system == Windows {
		return v, nil
	}
	var out []int
	for _, part := range strings.Split(s, ".") {
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("%q, expected a version, such as 10 or 10.13", s)
		}
		out = append(out, n)
	}
	for len(out) > 1 && out[len(out)-1] == 0 { // 10.0 is 10
		out = out[:len(out)-1]
	}
	return out, nil
}

// WindowsVersion returns the version of Windows as people know it, of the numbers it
// has itself; empty: not known. Windows 11 calls itself 10.0, from build 22000 on.
func WindowsVersion(major, minor, build int) string {
	switch {
	case major >= 10 && build >= 22000:
		return "11"
	case major == 10:
		return "10"
	}
	for name, v := range windowsNames {
		if slices.Equal(v, []int{major, minor}) {
			return name
		}
	}
	return ""
}

// version returns the version of a system, from its hint if need be; empty: not
// known.
func (s System) version() string {
	if s.Version != "" || s.Hint == "" {
		return s.Version
	}
	if s.Name != Windows {
		return s.Hint
	}
	// Microsoft, "Detect Windows 11 using User-Agent Client Hints": 1 to 10 are Windows
	// 10, from 13 on it is Windows 11.
	v, err := parseVersion("", s.Hint)
	switch {
	case err != nil:
		return ""
	case v[0] >= 13:
		return "11"
	case v[0] >= 1:
		return "10"
	case len(v) > 1 && v[1] >= 1 && v[1] <= 3:
		return []string{"7", "8", "8.1"}[v[1]-1]
	}
	return ""
}
