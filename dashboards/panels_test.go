package dashboards_test

import (
	"fmt"
	"math"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"examlink/dashboards/grafana"
)

// shown is the time a dashboard shows in these tests, in scrapes.
const shown = 120

// sample is one series of an answer, with its value at the end.
type sample struct {
	labels map[string]string
	value  float64
}

func (s sample) String() string { return fmt.Sprintf("%v %v", s.labels, s.value) }

// choice is what a reader chose at the top of the page.
type choice struct{ job, exam, session string }

// fill puts in what Grafana would. Its rule for windows: four times the step of
// scrapes, or the panel's least interval and one more scrape.
func fill(expr, interval string, c choice) string {
	window := 4 * step
	if interval != "" {
		least, err := time.ParseDuration(interval)
		if err != nil {
			panic(err)
		}
		window = max(window, least+step)
	}
	seconds := func(d time.Duration) string { return strconv.Itoa(int(d/time.Second)) + "s" }
	return strings.NewReplacer(
		"$__rate_interval", seconds(window), "$__range", seconds(shown*step), "$__interval", seconds(step),
		"$job", c.job, "$instance", ".+", "$exam", c.exam, "$session", c.session,
	).Replace(expr)
}

// answer is Prometheus' own form.
type answer struct {
	Data struct {
		Result []struct {
			Metric map[string]string
			Value  []any
			Values [][]any
		}
	}
}

// number reads a value as Prometheus writes it, in text.
func number(t *testing.T, pair []any) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(pair[1].(string), 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// ask runs a query as Grafana does, so that it ends at the nth scrape, and
// returns the values there. A series without a value there is not among them.
func ask(t *testing.T, base string, target grafana.Target, expr string, n int) []sample {
	t.Helper()
	var out []sample
	end := at(n).Unix()
	if target.Instant {
		a := getJSON[answer](t, base+"/api/v1/query", url.Values{"query": {expr}, "time": {strconv.FormatInt(end, 10)}})
		for _, r := range a.Data.Result {
			out = append(out, sample{r.Metric, number(t, r.Value)})
		}
		return out
	}
	a := getJSON[answer](t, base+"/api/v1/query_range", url.Values{
		"query": {expr}, "start": {strconv.FormatInt(at(n-shown).Unix(), 10)}, "end": {strconv.FormatInt(end, 10)}, "step": {"15"},
	})
	for _, r := range a.Data.Result {
		last := r.Values[len(r.Values)-1]
		if int64(last[0].(float64)) == end {
			out = append(out, sample{r.Metric, number(t, last)})
		}
	}
	return out
}

// readers are what a reader chose on each dashboard.
var readers = map[string]choice{
	"examlink-fleet": {job: "examlink-server"}, "examlink-checks": {job: "examlink-server"}, "examlink-health": {job: "examlink-server"},
	"examlink-exam":    {job: "examlink-server", exam: "msds-5001"},
	"examlink-session": {job: "examlink-server", exam: "msds-5001", session: "s-slow"},
	"examlink-client":  {job: "examlink-client"},
}

var selectsExam = regexp.MustCompile(`exam="\$exam"`)

// TestPanelsOnARealPrometheus runs every query of every panel on a real
// Prometheus with a history that is known, and compares what comes out.
func TestPanelsOnARealPrometheus(t *testing.T) {
	t.Parallel()
	base := startPrometheus(t)
	asked := map[string]bool{}
	for _, d := range committed(t) {
		reader := readers[d.UID]
		for _, p := range d.Panels {
			for _, target := range p.Targets {
				key := strings.Join([]string{d.UID, p.Title, target.RefID}, " / ")
				asked[key] = true
				want, ok := expected[key]
				if !ok {
					t.Errorf("%s: nothing is expected of it", key)
				}
				compare(t, key, want, ask(t, base, target, fill(target.Expr, p.Interval, reader), moment))

				// Where nothing is known, nothing is shown: not before the first
				// scrape, and not of an exam that is not there.
				unknown(t, key+" before the first scrape", ask(t, base, target, fill(target.Expr, p.Interval, reader), -2*shown))
				if selectsExam.MatchString(target.Expr) {
					nowhere := reader
					nowhere.exam = "nothing-1000"
					unknown(t, key+" of an exam that is not there", ask(t, base, target, fill(target.Expr, p.Interval, nowhere), moment))
				}
			}
		}
		choices(t, base, d, reader)
		marks(t, base, d, reader)
	}
	for key := range expected {
		if !asked[key] {
			t.Errorf("%s is expected, and no panel asks for it", key)
		}
	}
	ended(t, base)
}

// compare holds an answer to what is expected of it: for each, one series has
// its labels and its value.
func compare(t *testing.T, key string, want []expectation, got []sample) {
	t.Helper()
	for _, w := range want {
		found := false
		for _, s := range got {
			if w.matches(s.labels) {
				found = true
				if math.Abs(s.value-w.value) > max(w.within, 1e-6*math.Abs(w.value)) || math.IsNaN(s.value) {
					t.Errorf("%s: %q is %v, expected %v", key, w.labels, s.value, w.value)
				}
			}
		}
		if !found && !w.absent {
			t.Errorf("%s: nothing like %q among %v", key, w.labels, got)
		}
		if found && w.absent {
			t.Errorf("%s: %q is there, expected nothing", key, w.labels)
		}
	}
}

// unknown holds an answer to being none: no series, or not a number.
func unknown(t *testing.T, key string, got []sample) {
	t.Helper()
	for _, s := range got {
		if !math.IsNaN(s.value) {
			t.Errorf("%s: %v, expected nothing", key, s)
		}
	}
}

var labelValues = regexp.MustCompile(`^label_values\((.+), ?([a-z_]+)\)$`)

// choices holds the variables to having the value that the reader chose.
func choices(t *testing.T, base string, d *grafana.Dashboard, reader choice) {
	t.Helper()
	for _, v := range d.Templating.List {
		want := map[string]string{"job": reader.job, "exam": reader.exam, "session": reader.session}[v.Name]
		m := labelValues.FindStringSubmatch(v.Text())
		if m == nil || want == "" {
			continue
		}
		a := getJSON[struct{ Data []map[string]string }](t, base+"/api/v1/series", url.Values{
			"match[]": {fill(m[1], "", reader)}, "start": {strconv.FormatInt(at(moment-shown).Unix(), 10)}, "end": {strconv.FormatInt(at(moment).Unix(), 10)},
		})
		found := false
		for _, s := range a.Data {
			found = found || s[m[2]] == want
		}
		if !found {
			t.Errorf("%s: variable %s has no value %q", d.UID, v.Name, want)
		}
	}
}

// marks holds annotations to marking something.
func marks(t *testing.T, base string, d *grafana.Dashboard, reader choice) {
	t.Helper()
	if reader.session != "" {
		reader.session = "s-gone" // the one that was warned of
	}
	for _, a := range d.Annotations.List {
		got := ask(t, base, grafana.Target{Range: true}, fill(a.Expr, "", reader), moment)
		if len(got) == 0 {
			t.Errorf("%s: annotation %q marks nothing", d.UID, a.Name)
		}
		for _, s := range got {
			if !(s.value > 0) {
				t.Errorf("%s: annotation %q marks %v: Grafana leaves out what is not above zero", d.UID, a.Name, s)
			}
		}
	}
}

// ended holds what is shown of a session that ended to being nothing, and of a
// client that was not scraped for a while to being a gap.
func ended(t *testing.T, base string) {
	t.Helper()
	all := committed(t)
	state := pick(t, all, "examlink-session", "State").Targets[0]
	reader := readers["examlink-session"]
	reader.session = "s-left"
	compare(t, "s-left while it was there", []expectation{{value: 1}}, ask(t, base, state, fill(state.Expr, "", reader), 390))
	unknown(t, "s-left after it ended", ask(t, base, state, fill(state.Expr, "", reader), moment))

	line := pick(t, all, "examlink-client", "Connection").Targets[0]
	client := readers["examlink-client"]
	compare(t, "client while it was scraped", []expectation{{value: 1}}, ask(t, base, line, fill(line.Expr, "", client), 429))
	unknown(t, "client while it was not scraped", ask(t, base, line, fill(line.Expr, "", client), 453)) // past the five minutes that Prometheus looks back
}
