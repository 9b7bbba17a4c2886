package naming_test

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"examlink/probe/exporter/naming"
)

func TestCheck(t *testing.T) {
	for _, c := range []struct{ name, label, want string }{
		{"examlink_client_rate_bytes_per_second", "direction", ""},
		{"examlink_client_rfc3550_jitter_seconds", "", ""},
		{"examlink_client_warnings_total", "kind", ""},
		{"go_latency_ms", "quantile", ""}, // not ours
		{"examlink_client_download_mbps", "", `"mbps"`},
		{"examlink_client_download_kbps", "", `"kbps"`},
		{"examlink_client_download_bits_per_second", "", `"bits"`},
		{"examlink_client_loss_percent", "", `"percent"`},
		{"examlink_client_delay_milliseconds", "", `"milliseconds"`},
		{"examlink_client_delay_ms", "", `"ms"`},
		{"examlink_client_jitter_seconds", "", `"jitter"`},
		{"examlink_client_latency_seconds", "", `"latency"`},
		{"examlink_client_speed_bytes_per_second", "", `"speed"`},
		{"examlink_client_bandwidth_bytes_per_second", "", `"bandwidth"`},
		{"examlink_client_rate_bytes_per_second", "student", `label "student"`},
		{"examlink_client_rate_bytes_per_second", "address", `label "address"`},
	} {
		r := prometheus.NewRegistry()
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: c.name, Help: "Test."}, nil)
		values := []string{}
		if c.label != "" {
			g = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: c.name, Help: "Test."}, []string{c.label})
			values = []string{"x"}
		}
		r.MustRegister(g)
		g.WithLabelValues(values...)
		got, err := naming.Check(r)
		switch {
		case err != nil:
			t.Error(err)
		case c.want == "" && len(got) > 0:
			t.Errorf("%s{%s}: %q, want nothing", c.name, c.label, got)
		case c.want != "" && (len(got) != 1 || !strings.Contains(got[0], c.want)):
			t.Errorf("%s{%s}: %q, want one that says %s", c.name, c.label, got, c.want)
		}
	}
}
