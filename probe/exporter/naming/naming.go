// Package naming checks metric names and labels for what promlint does not check:
// ambiguous words, units that are not base units, and labels outside a fixed list.
// Only tests import it.
package naming

import (
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// Prefix begins the names of our own metrics.
const Prefix = "examlink_"

// refused maps parts of names that are not allowed to what to use instead.
var refused = map[string]string{
	"bps": "bytes_per_second", "kbps": "bytes_per_second", "mbps": "bytes_per_second", "gbps": "bytes_per_second",
	"bit": "bytes", "bits": "bytes", "kilobits": "bytes", "megabits": "bytes",
	"ms": "seconds", "milliseconds": "seconds", "us": "seconds", "microseconds": "seconds", "minutes": "seconds",
	"percent": "two counters, or a ratio from 0 to 1", "pct": "two counters, or a ratio from 0 to 1",
	"jitter": "rfc3550_jitter, ipdv or pdv", "latency": "round_trip_delay or one_way_delay", "ping": "round_trip_delay",
	"speed": "rate", "bandwidth": "rate", "throughput": "rate",
}

// labels is the closed list. None of them can name a student or an address: exam
// is what operators call one, session is drawn at random.
var labels = []string{"exam", "session", "purpose", "bound", "part", "direction", "outcome", "kind", "reason", "criterion", "finding", "state", "policy", "version", "transport", "peer", "role", "goversion", "goos", "goarch"}

// Check lists what is wrong with the names and labels of our own metrics.
func Check(g prometheus.Gatherer) ([]string, error) {
	families, err := g.Gather()
	if err != nil {
		return nil, err
	}
	var out []string
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), Prefix) {
			continue
		}
		parts := strings.Split(f.GetName(), "_")
		for i, part := range parts {
			if part == "jitter" && parts[i-1] == "rfc3550" {
				continue
			}
			if instead, bad := refused[part]; bad {
				out = append(out, fmt.Sprintf("%s: %q, expected %s", f.GetName(), part, instead))
			}
		}
		seen := map[string]bool{}
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if n := l.GetName(); !seen[n] && !slices.Contains(labels, n) {
					seen[n] = true
					out = append(out, fmt.Sprintf("%s: label %q, expected one of %q", f.GetName(), n, labels))
				}
			}
		}
	}
	return out, nil
}
