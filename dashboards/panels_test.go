package dashboards_test

import (
	"cmp"
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

// shown is the selected time range in these tests, in scrapes.
const shown = 120

// sample is one series of an answer, with its value at the end.
type sample struct {
	labels map[string]string
	value  float64
}

func (s sample) String() string { return fmt.Sprintf("%v %v", s.labels, s.value) }

// choice holds the selected values of the variables.
type choice struct{ job, instance, exam, session string }

// fill replaces variables as Grafana would. Its rule for windows: four scrape
// intervals, or the panel's minimum interval plus one scrape interval.
func fill(expr, interval string, c choice) string { return fillOver(expr, interval, c, shown*step) }

// fillOver is fill for another time range.
func fillOver(expr, interval string, c choice, span time.Duration) string {
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
		"$__rate_interval", seconds(window), "$__range", seconds(span), "$__interval", seconds(step),
		"$job", c.job, "$instance", cmp.Or(c.instance, ".+"), "$exam", c.exam, "$session", c.session,
	).Replace(expr)
}

// answer is an answer of the Prometheus API.
type answer struct {
	Data struct {
		Result []struct {
			Metric map[string]string
			Value  []any
			Values [][]any
		}
	}
}

// number parses a value, which Prometheus encodes as text.
func number(t *testing.T, pair []any) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(pair[1].(string), 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// ask runs a query as Grafana does, ending at the nth scrape, and returns the
// values at that scrape. Series without a value there are left out.
func ask(t *testing.T, base string, target grafana.Target, expr string, n int) []sample {
	t.Helper()
	return askOver(t, base, target, expr, at(n), shown*step)
}

// askOver is ask for a time range that ends at a time.
func askOver(t *testing.T, base string, target grafana.Target, expr string, until time.Time, span time.Duration) []sample {
	t.Helper()
	var out []sample
	end := until.Unix()
	if target.Instant {
		a := getJSON[answer](t, base+"/api/v1/query", url.Values{"query": {expr}, "time": {strconv.FormatInt(end, 10)}})
		for _, r := range a.Data.Result {
			out = append(out, sample{r.Metric, number(t, r.Value)})
		}
		return out
	}
	a := getJSON[answer](t, base+"/api/v1/query_range", url.Values{
		"query": {expr}, "start": {strconv.FormatInt(until.Add(-span).Unix(), 10)}, "end": {strconv.FormatInt(end, 10)}, "step": {"15"},
	})
	for _, r := range a.Data.Result {
		last := r.Values[len(r.Values)-1]
		if int64(last[0].(float64)) == end {
			out = append(out, sample{r.Metric, number(t, last)})
		}
	}
	return out
}

// readers are the variables selected on each dashboard.
var readers = map[string]choice{
	"examlink-fleet": {job: "examlink-server"}, "examlink-checks": {job: "examlink-server"}, "examlink-health": {job: "examlink-server"},
	"examlink-exam":    {job: "examlink-server", exam: "msds-5001"},
	"examlink-session": {job: "examlink-server", exam: "msds-5001", session: "s-slow"},
	"examlink-client":  {job: "examlink-client"},
}

var selectsExam = regexp.MustCompile(`exam="\$exam"`)

// TestPanelsOnARealPrometheus runs every query of every panel on a real
// Prometheus with a known history, and compares the results.
func TestPanelsOnARealPrometheus(t *testing.T) {
	if testing.Short() {
		t.Skip("long: needs a Prometheus")
	}
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

				// Without data nothing is shown: before the first scrape, and for an
				// exam that does not exist.
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

// compare checks an answer: for each expectation, one series has its labels and
// value.
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

// unknown checks that an answer has no value: no series, or NaN only.
func unknown(t *testing.T, key string, got []sample) {
	t.Helper()
	for _, s := range got {
		if !math.IsNaN(s.value) {
			t.Errorf("%s: %v, expected nothing", key, s)
		}
	}
}

var labelValues = regexp.MustCompile(`^label_values\((.+), ?([a-z_]+)\)$`)

// choices checks that the variables offer the selected values.
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

// marks checks that annotations mark something.
func marks(t *testing.T, base string, d *grafana.Dashboard, reader choice) {
	t.Helper()
	if reader.session != "" {
		reader.session = "s-gone" // the one with an alert
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

// ended checks that a session that ended is not shown, and that a client that was
// not scraped for a while shows a gap.
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
	unknown(t, "client while it was not scraped", ask(t, base, line, fill(line.Expr, "", client), 453)) // beyond Prometheus' lookback of five minutes
}
