package dashboards_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// Times of the history: one scrape per step; queries run at moment, well before
// the end. 15 s is the scrape interval that Grafana assumes for its windows.
const (
	step    = 15 * time.Second
	scrapes = 541
	moment  = 500 // of the queries, in scrapes
)

var begin = time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)

// at is the time of the nth scrape.
func at(n int) time.Time { return begin.Add(time.Duration(n) * step) }

// history writes samples as OpenMetrics text, which promtool converts to blocks.
type history struct{ w *bufio.Writer }

// series writes one series; value is called for each scrape, and false means no sample.
func (h history) series(name, labels string, value func(n int) (float64, bool)) {
	for n := range scrapes {
		if v, ok := value(n); ok {
			fmt.Fprintf(h.w, "%s{%s} %s %d\n", name, labels, strconv.FormatFloat(v, 'g', -1, 64), at(n).Unix())
		}
	}
}

// gauge writes a series with a constant value.
func (h history) gauge(name, labels string, v float64) {
	h.series(name, labels, func(int) (float64, bool) { return v, true })
}

// counter writes a series that grows by a constant rate per second.
func (h history) counter(name, labels string, perSecond float64) {
	h.series(name, labels, func(n int) (float64, bool) { return 1000 + perSecond*step.Seconds()*float64(n), true })
}

// histogram writes a histogram whose buckets grow by constant rates per second,
// with bounds in Prometheus' own format.
func (h history) histogram(name, labels string, bounds []string, perSecond []float64) {
	for i, le := range append(bounds, "+Inf") {
		h.counter(name+"_bucket", labels+`,le="`+le+`"`, perSecond[i])
	}
	h.counter(name+"_count", labels, perSecond[len(bounds)])
	h.counter(name+"_sum", labels, 1)
}

// startPrometheus converts the scene to blocks and starts Prometheus on them.
func startPrometheus(t *testing.T) string {
	t.Helper()
	return prometheusOf(t, func(w *bufio.Writer) { scene(history{w}) })
}

// prometheusOf converts samples to blocks and starts Prometheus on them.
func prometheusOf(t *testing.T, write func(*bufio.Writer), args ...string) string {
	t.Helper()
	promtool, program := tool(t, "promtool"), tool(t, "prometheus")
	dir := t.TempDir()
	text := filepath.Join(dir, "history.txt")
	f, err := os.Create(text)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	write(w)
	fmt.Fprintln(w, "# EOF")
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "data")
	run(t, dir, promtool, "tsdb", "create-blocks-from", "openmetrics", "--quiet", text, data)
	config := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(config, []byte("global: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return serve(t, "/-/ready", program, append([]string{"--config.file=" + config, "--storage.tsdb.path=" + data,
		"--storage.tsdb.retention.time=100y", "--web.listen-address=ADDRESS", "--log.level=error"}, args...)...)
}
