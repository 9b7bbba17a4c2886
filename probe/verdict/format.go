package verdict

import (
	"fmt"
	"math"

	"examlink/probe/ippm"
)

func unclearWhy(r Reason) string {
	if r.Why != "" {
		return r.Why
	}
	return fmt.Sprintf("%s is too close to the limit of %s to tell", FormatValue(r), Format(r.Minimum, r.Unit))
}

// Format formats a number in the unit of a reason.
func Format(v float64, unit string) string {
	switch unit {
	case "bit/s":
		return ippm.Rate(v).String()
	case "s":
		if math.Abs(v) < 0.9995 { // what rounds to 1000 ms is 1 s
			return fmt.Sprintf("%.3g ms", math.Round(v*1e5)/100)
		}
		return fmt.Sprintf("%.3g s", v)
	case "ratio":
		return fmt.Sprintf("%.3g %%", math.Round(v*1e4)/100)
	}
	return fmt.Sprintf("%g", v)
}

// FormatValue formats the value of a reason, or its bound if there is no value.
func FormatValue(r Reason) string {
	switch {
	case r.Value != nil:
		return Format(*r.Value, r.Unit)
	case r.Low != nil:
		return "at least " + Format(*r.Low, r.Unit)
	case r.Criterion == UDP:
		return "blocked"
	}
	return "unknown"
}
